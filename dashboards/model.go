package dashboards

// The types below are the part of Grafana's dashboard JSON that is read here: what tests hold true and what Prometheus is
// asked. The schema as a whole is the library's that dashboards/gen writes with.

// Dashboard is one dashboard.
type Dashboard struct {
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	SchemaVersion int      `json:"schemaVersion"`
	Templating    struct {
		List []Variable `json:"list"`
	} `json:"templating"`
	Panels []Panel `json:"panels"`
}

// Variable is a choice at the top of a dashboard.
type Variable struct {
	Name       string     `json:"name"`
	Label      string     `json:"label"`
	Type       string     `json:"type"`
	Definition string     `json:"definition"`
	Datasource Datasource `json:"datasource"`
}

// Datasource is where queries go.
type Datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Panel is one picture, or the title of a row.
type Panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description"`
	GridPos         GridPos          `json:"gridPos"`
	Datasource      Datasource       `json:"datasource"`
	Targets         []Target         `json:"targets"`
	Options         Options          `json:"options"`
	FieldConfig     FieldConfig      `json:"fieldConfig"`
	Transformations []Transformation `json:"transformations"`
	Panels          []Panel          `json:"panels"` // of a collapsed row
}

// GridPos is a place on a grid of 24 columns.
type GridPos struct{ H, W, X, Y int }

// Target is one query of a panel.
type Target struct {
	RefID        string     `json:"refId"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
	Datasource   Datasource `json:"datasource"`
	Range        bool       `json:"range"`
	Instant      bool       `json:"instant"`
}

// Options are those of the panel's type.
type Options struct {
	Legend struct {
		ShowLegend bool `json:"showLegend"`
	} `json:"legend"`
}

// FieldConfig says how values look.
type FieldConfig struct {
	Defaults struct {
		Unit       string `json:"unit"`
		Thresholds struct {
			Steps []struct {
				Value *float64 `json:"value"` // none: open below
			} `json:"steps"`
		} `json:"thresholds"`
	} `json:"defaults"`
}

// Transformation changes the shape of a panel's data, or of what the filter selects.
type Transformation struct {
	ID     string `json:"id"`
	Filter struct {
		ID      string `json:"id"`
		Options string `json:"options"`
	} `json:"filter"`
	Options map[string]any `json:"options"`
}
