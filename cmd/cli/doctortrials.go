package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"lockquake/harness/cluster"
	"lockquake/harness/repro"
)

// trialTime bounds each trial: what takes longer than that does not work.
const trialTime = 20 * time.Second

func tryLoopback(ctx context.Context, _ need) diagnosis {
	took, err := exchange(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return without(err, "members reach each other over ports of 127.0.0.1", "let this program listen on and connect to 127.0.0.1")
	}
	return ok("there and back in %v", took)
}

func tryUnixSocket(ctx context.Context, _ need) diagnosis {
	address, kind := fmt.Sprintf("@lockquake-doctor-%d", os.Getpid()), "abstract"
	if runtime.GOOS != "linux" {
		address, kind = filepath.Join(os.TempDir(), address[1:]), "in the temp folder"
	}
	took, err := exchange(ctx, "unix", address)
	if err != nil {
		return without(err, "members listen on them", "let this program use unix sockets; set TMPDIR to a folder with a short path")
	}
	return ok("%s: there and back in %v", kind, took)
}

// exchange sends a byte to a listener and gets it back. The time is the best of several.
func exchange(ctx context.Context, network, address string) (best time.Duration, err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, network, address)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, listener.Close()) }()
	go echo(listener)
	dialer := net.Dialer{Timeout: trialTime}
	conn, err := dialer.DialContext(ctx, network, listener.Addr().String())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetDeadline(time.Now().Add(trialTime)); err != nil {
		return 0, err
	}
	best = trialTime
	for range 20 {
		began := time.Now()
		if _, err := conn.Write([]byte{1}); err != nil {
			return 0, err
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			return 0, err
		}
		best = min(best, time.Since(began))
	}
	return best.Round(time.Microsecond), nil
}

// echo serves one connection until it ends.
func echo(listener net.Listener) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	heard := make([]byte, 1)
	for {
		if _, err := conn.Read(heard); err != nil {
			return
		}
		if _, err := conn.Write(heard); err != nil {
			return
		}
	}
}

func tryChild(ctx context.Context, _ need) diagnosis {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	if err := exec.CommandContext(ctx, "sh", "-c", "exit 0").Run(); err != nil {
		return without(fmt.Errorf("sh: %w", err), "there is no run --exec, and no --inject-cmd", "install a shell as sh")
	}
	if err := cluster.ChildrenEnd(ctx); err != nil {
		return ok("start, but outlive a parent that is killed: %v", err).
			but("a kill -9 of lockquake may leave members behind", "end them by hand then: ps -e | grep lockquake")
	}
	return ok("start, and end when their parent is killed")
}

// slow is how long a cluster takes to be ready on a machine that is too busy: it is ten times the usual.
const slow = time.Second

func tryEmbedded(ctx context.Context, n need) diagnosis {
	files, goroutines := openNow(), runtime.NumGoroutine()
	var served string
	d, err := tryCluster(ctx, cluster.Config{Members: n.Members}, func(ctx context.Context, c *cluster.Cluster) error {
		client, err := c.Client(ctx, cluster.ClientConfig{})
		if err != nil {
			return err
		}
		began := time.Now()
		if _, err := client.Etcd.Put(ctx, "lockquake/doctor", "here"); err != nil {
			return err
		}
		served = fmt.Sprintf("a put took %v; %d goroutines", time.Since(began).Round(10*time.Microsecond), runtime.NumGoroutine()-goroutines)
		if files > 0 {
			served += fmt.Sprintf(", %d open files", openNow()-files)
		}
		return nil
	})
	if err != nil {
		return without(err, "every run needs them, but for --cluster process and external", "mend what is missing above")
	}
	d.Found += "; " + served
	return d
}

// openNow is how many files this process has open; 0: the system does not tell.
func openNow() int {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(open)
}

func tryProcesses(ctx context.Context, n need) diagnosis {
	d, err := tryCluster(ctx, cluster.Config{Members: n.Members, Process: true}, func(ctx context.Context, c *cluster.Cluster) error {
		return errors.Join(c.PauseMember(0), c.ResumeMember(0), c.Kill(0), c.Restart(ctx, 0))
	})
	if err != nil {
		return without(err, "there is no --cluster process: no fault that pauses a member", "let this program start itself as a child, and signal it")
	}
	d.Found += "; paused, killed and started again"
	return d
}

// tryCluster starts a cluster, does something to it, and closes it.
func tryCluster(ctx context.Context, config cluster.Config, try func(context.Context, *cluster.Cluster) error) (d diagnosis, err error) {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	began := time.Now()
	c, err := cluster.Start(ctx, config)
	if err != nil {
		return d, err
	}
	ready := time.Since(began)
	tried := try(ctx, c)
	began = time.Now()
	closed := c.Close()
	d = ok("%d ready in %d ms, closed in %d ms", config.Members, ready.Milliseconds(), time.Since(began).Milliseconds())
	if ready > slow {
		d = d.but("each cell begins with that, and it takes some tenths of a second elsewhere", "let the machine come to rest")
	}
	return d, errors.Join(tried, closed)
}

func tryEtcdBinary(ctx context.Context, _ need) diagnosis {
	const limits, do = "--etcd needs a path; members are otherwise of the etcd that is built in", "put one of 3.4 or later on the path, if you want to shake it"
	path, err := exec.LookPath("etcd")
	if err != nil {
		return without(errors.New("none on the path"), limits, do)
	}
	version, err := cluster.EtcdVersion(ctx, path)
	if err != nil {
		return without(err, limits, do)
	}
	d, err := tryCluster(ctx, cluster.Config{Members: 1, Process: true, EtcdPath: path}, func(context.Context, *cluster.Cluster) error { return nil })
	if err != nil {
		return without(err, limits, do)
	}
	d.Found = fmt.Sprintf("%s, version %s: %s", path, version, d.Found)
	return d
}

// tryCompiler asks for the one that go would take.
func tryCompiler(ctx context.Context, _ need) diagnosis {
	name := "gcc"
	if runtime.GOOS == "darwin" {
		name = "clang"
	}
	line, err := says(ctx, cmp.Or(os.Getenv("CC"), name), "--version")
	if err != nil {
		return without(err, "go test -race of your own lock needs one; runs need none", "install "+name+", or set CC")
	}
	return ok("%s", line)
}

// says is the first line of what a program answers.
func says(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
	return string(line), nil
}

// ofSources are of use to those only who stand in lockquake's own sources.
func ofSources() []examination {
	module, err := os.ReadFile("go.mod")
	if err != nil || !strings.HasPrefix(string(module), "module lockquake\n") {
		return nil
	}
	return []examination{{name: "chromium", look: tryBrowser}}
}

// tryBrowser looks for the one that package browser starts.
func tryBrowser(ctx context.Context, _ need) diagnosis {
	line, err := says(ctx, "chromium", "--version")
	if err != nil {
		return without(err, "the tests of pages are skipped, and fail in CI", "install chromium")
	}
	return ok("%s", line)
}

// tryVirtual has a script carried out that would take three seconds.
func tryVirtual(ctx context.Context, _ need) diagnosis {
	_, err := virtualKind()
	began := time.Now()
	var record repro.Record
	if err == nil {
		record, err = reproduceVirtually(ctx, reproErrand{ID: "etcd-18082", Repeat: 1, History: os.DevNull})
	}
	if err != nil {
		return without(err, "there is no --cluster virtual, and no hunt", "let this program start itself as a child; or build it with the etcd that it names")
	}
	passed := record.Steps[len(record.Steps)-1].At
	return ok("%v passed in %v", passed.Round(time.Second), time.Since(began).Round(10*time.Millisecond))
}
