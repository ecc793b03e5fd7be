package nemesis

import (
	"context"
)

const errNoVictim = missed("no client to strike")

// findVictim fails when there is no client to strike, or no time.
func (t Target) findVictim(ctx context.Context) error {
	if !t.Victim.Role.OfClient() {
		return errNoVictim
	}
	return ctx.Err()
}

// findLease fails when the client to strike has no lease, too.
func (t Target) findLease(ctx context.Context) error {
	if err := t.findVictim(ctx); err != nil {
		return err
	}
	if t.Victim.Lease == 0 {
		return missed(t.Victim.String())
	}
	return nil
}

// linger lets a holder's critical section last as long as the harm; the func ends it, and tells whether
// it was still going on.
func (t Target) linger() (leave func() (stayed bool)) {
	if t.Victim.Role != Holder {
		return func() bool { return false }
	}
	t.Clients.Linger(t.Victim.Client)
	return func() bool { return t.Clients.Leave(t.Victim.Client) }
}

// fate is what has become of the victim's lease. The zero fate is that there is none.
type fate int

const (
	noLease fate = iota
	unknown
	alive
	ended
)

func (f fate) String() string {
	return [...]string{
		noLease: "there was no lease",
		unknown: "its lease could not be asked for",
		alive:   "its lease was alive",
		ended:   "its lease had ended",
	}[f]
}

// leaseFate is known as far as etcd can be asked. A member that is cut off does not answer; another one
// may.
func (t Target) leaseFate(ctx context.Context) fate {
	if t.Victim.Lease == 0 {
		return noLease
	}
	found := unknown
	eventually(ctx, func() bool {
		lives, err := t.Leases.Alive(ctx, t.Victim.Lease)
		switch {
		case err != nil:
			return false
		case lives:
			found = alive
		default:
			found = ended
		}
		return true
	})
	return found
}
