package scenario

import (
	"encoding/json"
	"reflect"
	"strings"
)

// SchemaJSON is the JSON schema of scenario files (draft 2020-12), derived from the same tags that the decoder checks.
func SchemaJSON() []byte {
	root := structSchema(reflect.TypeFor[Scenario]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Scenario of kafka_burndown_exporter"
	root["$defs"] = map[string]any{"duration": map[string]any{
		"type": "string", "description": "Such as 90s, 5m or 1d12h.",
		"pattern": `^(0|(\d+d)?(\d+(\.\d+)?(h|ms|us|m|s))*)$`,
	}}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("scenario: schema: " + err.Error())
	}
	return append(out, '\n')
}

func structSchema(t reflect.Type) map[string]any {
	props, required := map[string]any{}, []string{}
	for _, f := range fields(t) {
		name := f.Tag.Get("yaml")
		props[name] = fieldSchema(f)
		if f.Tag.Get("required") == "true" {
			required = append(required, name)
		}
	}
	out := map[string]any{"type": "object", "properties": props, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func fieldSchema(f reflect.StructField) map[string]any {
	out := typeSchema(f.Type)
	out["description"] = f.Tag.Get("doc")
	if v := f.Tag.Get("min"); v != "" {
		out["minimum"] = mustFloat(v)
	}
	if v := f.Tag.Get("max"); v != "" {
		out["maximum"] = mustFloat(v)
	}
	if v := f.Tag.Get("enum"); v != "" {
		out["enum"] = strings.Split(v, ",")
	}
	if v := f.Tag.Get("pattern"); v != "" {
		out["pattern"] = v
	}
	if v := f.Tag.Get("default"); v != "" {
		out["default"] = v
		if k := f.Type.Kind(); f.Type != durationType && (k == reflect.Int || k == reflect.Float64) {
			out["default"] = mustFloat(v)
		}
	}
	return out
}

func typeSchema(t reflect.Type) map[string]any {
	switch {
	case t == durationType:
		return map[string]any{"$ref": "#/$defs/duration"}
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeSchema(t.Elem())
	case reflect.Struct:
		return structSchema(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": typeSchema(t.Elem())}
	case reflect.Map, reflect.Interface:
		return map[string]any{"type": "object"}
	case reflect.Int, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	default:
		return map[string]any{"type": "string"}
	}
}
