package linear

// crossing is an operation that was called and may not yet have taken effect.
type crossing struct {
	ret   int64
	at    int32 // which operation
	piece int32 // in which piece it was called
	block int32 // how many operations of that piece had returned by then
	done  bool  // it took effect before its return, or needs no judging
}

// crossings is a heap of what is open, the next return on top.
type crossings []crossing

func (h *crossings) push(c crossing) {
	all := append(*h, c)
	i := len(all) - 1
	for i > 0 && all[(i-1)/2].ret > c.ret {
		all[i] = all[(i-1)/2]
		i = (i - 1) / 2
	}
	all[i] = c
	*h = all
}

func (h *crossings) pop() crossing {
	all := *h
	top, c := all[0], all[len(all)-1]
	all = all[:len(all)-1]
	for i := 0; len(all) > 0; {
		next := 2*i + 1
		if next+1 < len(all) && all[next+1].ret < all[next].ret {
			next++
		}
		if next >= len(all) || all[next].ret >= c.ret {
			all[i] = c
			break
		}
		all[i] = all[next]
		i = next
	}
	*h = all
	return top
}
