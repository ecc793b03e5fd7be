package linear

// Lock is a kind of lock. The zero Lock is a mutex.
type Lock struct {
	kind lockKind
	most int32 // times that one owner, or owners that all may hold, at once
}

type lockKind uint8

const (
	mutex lockKind = iota
	reentrant
	readersWriter
	semaphore
)

// Mutex is held by one owner, once.
func Mutex() Lock { return Lock{} }

// Reentrant is held by one owner, up to most times.
func Reentrant(most int32) Lock { return Lock{reentrant, max(most, 1)} }

// ReadersWriter is held by one owner, or by any number of those who share it. Sharing and not sharing, an
// owner is two owners: it cannot upgrade.
func ReadersWriter() Lock { return Lock{kind: readersWriter} }

// Semaphore is held by up to most owners, by each once.
func Semaphore(most int32) Lock { return Lock{semaphore, max(most, 1)} }

// each is how often one owner may hold it at once.
func (l Lock) each() int32 {
	if l.kind == reentrant {
		return l.most
	}
	return 1
}

// units is how many owners that do not share may hold it at once.
func (l Lock) units() int {
	if l.kind == semaphore {
		return int(l.most)
	}
	return 1
}

// party is an owner in the mode in which it holds: what the lock tells apart.
func (l Lock) party(op *Op) int32 {
	if l.kind != readersWriter {
		return op.Owner
	}
	if op.Shared {
		return 2*op.Owner + 1
	}
	return 2 * op.Owner
}

// shares tells whether a party tolerates others that do.
func (l Lock) shares(party int32) bool { return l.kind == readersWriter && party&1 == 1 }
