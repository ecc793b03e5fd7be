package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"lockquake/harness/cluster"
	"lockquake/results"
)

// examinations are what doctor looks at, in the order in which it tells of them: what there is, then what is tried.
func examinations() []examination {
	return slices.Concat(
		[]examination{
			{name: "cores", look: lookAtCores},
			{name: "open files", vital: true, look: lookAtOpenFiles},
			{name: "temp folder", vital: true, look: lookAtTempFolder},
			{name: "runs' folder", look: lookAtRunsFolder},
			{name: "clock", look: lookAtClock},
			{name: "timers", look: lookAtTimers},
		},
		systemExaminations(),
		[]examination{
			{name: "loopback ports", vital: true, look: tryLoopback},
			{name: "unix sockets", vital: true, look: tryUnixSocket},
			{name: "child processes", look: tryChild},
			{name: "embedded members", vital: true, look: tryEmbedded, starts: true},
			{name: "process members", look: tryProcesses, starts: true},
			{name: "virtual time", look: tryVirtual, starts: true},
			{name: "etcd binary", look: tryEtcdBinary, starts: true},
			{name: "C compiler", look: tryCompiler},
		},
		ofSources(),
	)
}

func ok(format string, args ...any) diagnosis {
	return diagnosis{State: isFine, Found: fmt.Sprintf(format, args...)}
}

// but is a thing that is there, and limits something.
func (d diagnosis) but(limits, do string) diagnosis {
	d.State, d.Limits, d.Do = isLimited, limits, do
	return d
}

// without is a thing that is not there.
func without(found error, limits, do string) diagnosis {
	return diagnosis{State: isMissing, Found: found.Error(), Limits: limits, Do: do}
}

// cellsOfCore is how many cells a core carries out at a time without their verdicts suffering: they mostly wait
// (selftest --seeds 10 --parallel 8 on two busy cores: nothing unknown in 560 cells).
const cellsOfCore = 4

func lookAtCores(_ context.Context, n need) diagnosis {
	cores := runtime.GOMAXPROCS(0)
	d := ok("%d: --parallel %d for verdicts, 1 for latencies", cores, min(cellsOfCore*cores, maxParallel))
	if cores < runtime.NumCPU() {
		d.Found = fmt.Sprintf("%d of the %d there are (a quota, or GOMAXPROCS)", cores, runtime.NumCPU())
	}
	switch {
	case n.Parallel > cellsOfCore*cores:
		return d.but(fmt.Sprintf("%d cells at a time are more than %d a core: leases may end that no fault has struck", n.Parallel, cellsOfCore),
			fmt.Sprintf("give --parallel %d, or --ttl 2s", cellsOfCore*cores))
	case cores == 1:
		return d.but("members and clients take turns: latencies are those of waiting for the core", "trust the verdicts, and compare latencies elsewhere")
	}
	return d
}

func lookAtOpenFiles(_ context.Context, n need) diagnosis {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return untoldSize()
	}
	return filesUnder(limit.Cur, n) // Go has raised the soft limit to the hard one
}

// untoldSize is where the system does not tell how large a run may be.
func untoldSize() diagnosis {
	return ok("the system does not tell").but("nothing is known of how large a run may be", "begin with a small one")
}

// filesUnder compares the limit with what runs take.
func filesUnder(limit uint64, n need) diagnosis {
	d := ok("%d: %s take about %d", limit, n, n.openFiles())
	if n.large() != n {
		d.Found += fmt.Sprintf(", %s about %d", n.large(), n.large().openFiles())
	}
	switch {
	case limit < uint64(n.openFiles()):
		return without(errors.New(d.Found), "members and clients are refused their connections", raise(n.openFiles()))
	case limit < uint64(n.large().openFiles()):
		return d.but(fmt.Sprintf("%s are too many", n.large()), raise(n.large().openFiles()))
	}
	return d
}

func raise(files int) string {
	enough := 1024
	for enough < files {
		enough *= 2
	}
	return fmt.Sprintf("raise it with ulimit -n %d, from a shell that may; a service has LimitNOFILE=, a container --ulimit nofile=", enough)
}

// longestSocket is what the path of a given etcd's socket adds to the temp folder's, and longestPath what systems take:
// 103 bytes on macOS and the BSDs, 107 on Linux.
const (
	longestSocket = "/lockquake-4194304-4294967295/m0/client:1"
	longestPath   = 103
)

func lookAtTempFolder(_ context.Context, n need) diagnosis {
	folder := os.TempDir()
	if err := tryWriting(folder); err != nil {
		return without(err, "members have no place for their data", "set TMPDIR to a folder that can be written")
	}
	d, free := withFree(folder)
	switch {
	case free < n.temporary():
		return d.but(fmt.Sprintf("members write about %s", mib(n.temporary())), "free some, or set TMPDIR to another folder")
	case len(folder)+len(longestSocket) > longestPath:
		return d.but("its path is too long for the sockets of --etcd", "set TMPDIR to a shorter one")
	}
	return d
}

func withFree(folder string) (diagnosis, uint64) {
	var there syscall.Statfs_t
	if err := syscall.Statfs(folder, &there); err != nil {
		return ok("%s can be written", folder), 1 << 62
	}
	free := there.Bavail * uint64(there.Bsize)
	return ok("%s, %s free", folder, mib(free)), free
}

// tryWriting writes a file and gets it to the disk.
func tryWriting(folder string) error {
	probe, err := os.CreateTemp(folder, ".lockquake-doctor-*")
	if err != nil {
		return err
	}
	_, err = probe.Write(make([]byte, 4096))
	return errors.Join(err, probe.Sync(), probe.Close(), os.Remove(probe.Name()))
}

// lookAtRunsFolder looks at the nearest folder that is there: a run makes the others.
func lookAtRunsFolder(_ context.Context, n need) diagnosis {
	folder, err := filepath.Abs(results.Runs)
	if err != nil {
		return without(err, "runs have no place", "give run --out")
	}
	for !isThere(folder) {
		folder = filepath.Dir(folder)
	}
	if err := tryWriting(folder); err != nil {
		return without(err, "runs cannot be written to "+results.Runs+" here", "give run --out, or go to another folder")
	}
	d, free := withFree(folder)
	const cells = 100
	d.Found += fmt.Sprintf(": a cell takes about %s", mib(diskOfCell))
	if free < cells*diskOfCell {
		return d.but(fmt.Sprintf("there is room for about %d cells", free/diskOfCell), "free some, or give run --out")
	}
	return d
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// coarse is a step of the clock that latencies would show.
const coarse = 100 * time.Microsecond

func lookAtClock(context.Context, need) diagnosis {
	step := time.Hour
	for range 1000 {
		before := time.Now()
		after := time.Now()
		for after.Equal(before) {
			after = time.Now()
		}
		step = min(step, after.Sub(before))
	}
	d := ok("steps of %v%s", step, clockSource())
	if step > coarse {
		return d.but("shorter latencies cannot be told apart", "use another machine, or a virtual one with a better clock, for latencies")
	}
	return d
}

// lookAtTimers also sees how busy the machine is: who sleeps wakes up late on one that is.
func lookAtTimers(ctx context.Context, _ need) diagnosis {
	const sleeps, each = 100, time.Millisecond
	late := make([]time.Duration, sleeps)
	for i := range late {
		began := time.Now()
		select {
		case <-ctx.Done():
		case <-time.After(each):
		}
		late[i] = time.Since(began) - each
	}
	slices.Sort(late)
	return lateBy(late[sleeps/2], late[sleeps-1])
}

func lateBy(median, worst time.Duration) diagnosis {
	d := ok("half of those who slept for a millisecond woke up %v late or more, the last one %v", median.Round(10*time.Microsecond), worst.Round(10*time.Microsecond))
	if worst > cluster.DefaultTick {
		return d.but(fmt.Sprintf("members count in ticks of %v: leaders may change, and leases end, that no fault has struck", cluster.DefaultTick),
			"let the machine come to rest, or give run --ttl 2s")
	}
	return d
}
