package harness

import (
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"lockquake/results"
)

// used is what the machine's cores have done until a moment, in seconds. Nil: this system does not tell.
type used struct{ all, idle, own float64 }

func usedCores() *used {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return nil
	}
	stat, err := proc.Stat()
	if err != nil {
		return nil
	}
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) != nil {
		return nil
	}
	t := stat.CPUTotal
	idle := t.Idle + t.Iowait
	return &used{
		all:  idle + t.User + t.Nice + t.System + t.IRQ + t.SoftIRQ + t.Steal, // guests are in User
		idle: idle,
		own:  time.Duration(own.Utime.Nano() + own.Stime.Nano()).Seconds(),
	}
}

// since are the shares of the time since an earlier moment.
func (u *used) since(earlier *used) *results.Cores {
	if u == nil || earlier == nil || u.all <= earlier.all {
		return nil
	}
	all := u.all - earlier.all
	shares := results.Cores{Idle: (u.idle - earlier.idle) / all, Own: (u.own - earlier.own) / all}
	shares.Others = max(0, 1-shares.Idle-shares.Own) // the kernel counts in ticks of 10 ms
	return &shares
}
