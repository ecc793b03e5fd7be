package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// systemExaminations are of what only this system tells.
func systemExaminations() []examination {
	return []examination{{name: "load", look: lookAtLoad}, {name: "memory", look: lookAtMemory}, {name: "/dev/shm", look: lookAtSharedMemory}}
}

// lookAtLoad reads how many threads ran or waited to, in the last minute. (proc_loadavg(5))
func lookAtLoad(context.Context, need) diagnosis {
	var load float64
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &load)
	}
	if err != nil {
		return ok("the system does not tell").but("nobody knows whether latencies are those of the machine", "look at the timers")
	}
	return busy(load, runtime.GOMAXPROCS(0))
}

func busy(load float64, cores int) diagnosis {
	d := ok("%.1f on %s", load, counted(cores, "core"))
	if load > float64(cores) {
		return d.but("latencies are in part the machine's, and leases may end that no fault has struck", "wait until it is at rest, or give run --ttl 2s")
	}
	return d
}

func lookAtMemory(_ context.Context, n need) diagnosis {
	free, err := availableMemory()
	if err != nil {
		return untoldSize()
	}
	return memoryUnder(free, n)
}

func memoryUnder(free uint64, n need) diagnosis {
	d := ok("%s free: %s take about %s", mib(free), n, mib(n.memory()))
	if free < n.memory() {
		return d.but("the system may kill lockquake, or swap, which looks like a pause to every client", "free some, or give fewer members, or fewer cells in parallel")
	}
	return d
}

// availableMemory is what can be had without swapping, by the machine or by the container's limit.
func availableMemory() (uint64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	free, err := meminfo(text, "MemAvailable:")
	if limit, used := ofGroup("memory.max"), ofGroup("memory.current"); limit > 0 && limit > used {
		free = min(free, limit-used)
	}
	return free, err
}

// meminfo finds a line like "MemAvailable:   12345 kB". (proc_meminfo(5))
func meminfo(text []byte, name string) (uint64, error) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == name {
			kib, err := strconv.ParseUint(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no %s", name)
}

// ofGroup is a number of this process's control group; 0: it has none. (cgroup v2; in a container it is the root)
func ofGroup(name string) uint64 {
	text, err := os.ReadFile("/sys/fs/cgroup/" + name)
	if err != nil {
		return 0
	}
	bytes, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0 // "max"
	}
	return bytes
}

const sharedMemory = "/dev/shm"

func lookAtSharedMemory(_ context.Context, n need) diagnosis {
	if err := tryWriting(sharedMemory); err != nil {
		return without(err, "members' data cannot be kept from the disk", "nothing, if the disk is fast; else mount a tmpfs and set TMPDIR to it")
	}
	d, free := withFree(sharedMemory)
	d.Found = strings.TrimPrefix(d.Found, sharedMemory+", ")
	if free < n.temporary() {
		return d.but(fmt.Sprintf("members write about %s, so their data cannot be kept from the disk", mib(n.temporary())), "make it larger, in a container with --shm-size")
	}
	d.Found += ": TMPDIR=" + sharedMemory + " keeps members' data from the disk"
	return d
}

// clockSource is which one the kernel has chosen.
func clockSource() string {
	name, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	if err != nil {
		return ""
	}
	return ", by " + strings.TrimSpace(string(name))
}
