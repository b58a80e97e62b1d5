package simulate

func (p *prometheus) addForeign([]string) error { return nil }
