package history

// recent keeps what was met lately, up to twice so many: of what is alike in a history most lies close together, and
// to keep all of it would take more than it spares.
type recent[K comparable, V any] struct{ young, old map[K]V }

const mostRecent = 1 << 13

func newRecent[K comparable, V any]() *recent[K, V] {
	return &recent[K, V]{map[K]V{}, nil}
}

func (r *recent[K, V]) keep(k K, v V) {
	if len(r.young) == mostRecent {
		r.old, r.young = r.young, map[K]V{}
	}
	r.young[k] = v
}
