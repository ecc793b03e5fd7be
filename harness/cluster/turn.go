package cluster

// turn is a mutex whose owner may wait for time or for others while those who want it wait for him. They
// wait on a channel: in virtual time, which goes on only when nobody waits for a sync.Mutex, it would
// never be their turn. Its zero value cannot be used.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) Lock()   { t <- struct{}{} }
func (t turn) Unlock() { <-t }

// TryLock tells whether it was free.
func (t turn) TryLock() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}
