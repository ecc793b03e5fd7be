package checker

import (
	"cmp"
	"slices"
	"sort"

	"lockquake/checker/history"
)

// values finds writes by the values that they wrote. A slice, not a map: there are millions of them.
type values struct {
	all  []written // by value; of the same value in the order of Call
	near int       // where the last search ended; the next one mostly ends there, too, or just beside
}

type written struct {
	value int64
	at    int32 // place of the write among the register's operations
}

func valuesOf(ops []*history.Operation) values {
	n := 0
	for _, o := range ops {
		if o.Op == history.Write {
			n++
		}
	}
	all := make([]written, 0, n)
	for i, o := range ops {
		if o.Op == history.Write {
			all = append(all, written{o.Value, int32(i)})
		}
	}
	slices.SortStableFunc(all, func(a, b written) int { return cmp.Compare(a.value, b.value) })
	return values{all: all}
}

// find gives the place of the write of a value, of the last one if there are several.
func (v *values) find(value int64) (int, bool) {
	i := v.search(value)
	if i == 0 || v.all[i-1].value != value {
		return 0, false
	}
	return int(v.all[i-1].at), true
}

// search gives how many values are not above this one.
func (v *values) search(value int64) int {
	for i := max(v.near-2, 0); i < min(v.near+3, len(v.all)); i++ {
		if v.all[i].value > value && (i == 0 || v.all[i-1].value <= value) {
			v.near = i
			return i
		}
	}
	v.near = sort.Search(len(v.all), func(i int) bool { return v.all[i].value > value })
	return v.near
}

// replacers are the first effective writes over each value, as places among the register's operations.
type replacers struct {
	values *values
	over   []int32         // over the value of the write at each place, from 1; 0: none
	others map[int64]int32 // over values that nobody wrote
}

func (r *register) replacers() replacers {
	first := replacers{&r.values, make([]int32, len(r.ops)), map[int64]int32{}}
	for i, w := range r.writes {
		if at := first.at(w.Prev); at == 0 {
			first.set(w.Prev, int32(i+1))
		}
	}
	return first
}

func (r *replacers) at(value int64) int32 {
	if i, ok := r.values.find(value); ok {
		return r.over[i]
	}
	return r.others[value]
}

func (r *replacers) set(value int64, at int32) {
	if i, ok := r.values.find(value); ok {
		r.over[i] = at
		return
	}
	r.others[value] = at
}

// firstOver is the first effective write over the value that an effective write replaced: it, or another.
func (r *register) firstOver(first *replacers, w *history.Operation) *history.Operation {
	return r.ops[first.at(w.Prev)-1]
}
