package state

func (st *State) importing() error { return nil }
