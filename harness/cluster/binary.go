package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lockquake/harness/network"
)

// The oldest etcd that will do: it has learners, and logs as today's.
const oldestMajor, oldestMinor = 3, 4

// versionTime bounds the wait for a binary to tell its version.
const versionTime = 10 * time.Second

// binary is a given etcd.
type binary struct {
	path    string // absolute: members run in folders of their own
	version string
	noFsync bool // it can do without fsync
}

// EtcdVersion is the version of an etcd binary, like 3.4.23. The error says why a file is none that
// can be used as Config.EtcdPath.
func EtcdVersion(ctx context.Context, path string) (string, error) {
	b, err := newBinary(ctx, path)
	if err != nil {
		return "", err
	}
	return b.version, nil
}

func newBinary(ctx context.Context, path string) (*binary, error) {
	path, err := exec.LookPath(path)
	if err != nil {
		return nil, fmt.Errorf("etcd binary: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("etcd binary: %w", err)
	}
	version, err := tell(ctx, path, "--version")
	if err != nil {
		return nil, err
	}
	help, err := tell(ctx, path, "--help")
	if err != nil {
		return nil, err
	}
	b := &binary{path: path, noFsync: strings.Contains(help, "--unsafe-no-fsync")}
	b.version, err = parseVersion(path, version)
	return b, err
}

func tell(ctx context.Context, path, flag string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	command := exec.CommandContext(ctx, path, flag)
	command.Env = withoutEtcdVariables(os.Environ())
	said, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return "", fmt.Errorf("etcd binary %s %s: %w", path, flag, ctx.Err())
	}
	if err != nil {
		return "", fmt.Errorf("etcd binary %s %s: %w: %.100s", path, flag, err, firstLine(said))
	}
	return string(said), nil
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}

// parseVersion reads the first line of what etcd says to --version, "etcd Version: 3.4.23".
func parseVersion(path, said string) (string, error) {
	line := firstLine([]byte(said))
	version, ok := strings.CutPrefix(line, "etcd Version: ")
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d.", &major, &minor); !ok || err != nil {
		return "", fmt.Errorf("etcd binary %s: it is no etcd: asked for its version it says %.100q", path, line)
	}
	if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return "", fmt.Errorf("etcd binary %s: version %s is too old: it must be %d.%d or later",
			path, version, oldestMajor, oldestMinor)
	}
	return version, nil
}

// equip gives a member a folder with what its process needs: a certificate by which its peers' proxies
// know it, since no flag sets an SNI, and room for its sockets, since no flag takes an abstract one.
func (b *binary) equip(m *member, authority *network.Authority) error {
	if err := os.Mkdir(m.spec.Folder, 0o700); err != nil {
		return err
	}
	m.spec.PeerSocket, m.peer = b.socket(m, "peer")
	m.spec.ClientSocket, m.client = b.socket(m, "client")
	if err := checkSocketPath(m.client); err != nil {
		return err
	}
	certificate, err := authority.Certificate(m.spec.Source)
	if err != nil {
		return err
	}
	own, key, err := network.PEM(certificate)
	write := func(name string, text []byte) error {
		return os.WriteFile(filepath.Join(m.spec.Folder, name), text, 0o600)
	}
	return errors.Join(err, write("own.crt", own), write("own.key", key), write("authority.crt", authority.PEM()))
}

// socket is in the member's folder, which is where its process runs. etcd 3.4 wants a name with a port
// even of a file.
func (b *binary) socket(m *member, name string) (socket url.URL, path string) {
	socket = url.URL{Scheme: "unix", Host: name + ":1"}
	return socket, filepath.Join(m.spec.Folder, socket.Host)
}

func (b *binary) command(m *member) *exec.Cmd {
	return &exec.Cmd{
		Path:        b.path,
		Args:        append([]string{b.path}, b.flags(m.spec)...),
		Dir:         m.spec.Folder,
		Env:         withoutEtcdVariables(os.Environ()),
		Stdout:      m.log.file,
		Stderr:      m.log.file,
		SysProcAttr: ChildAttributes(),
	}
}

// flags are what all versions from 3.4 on understand, to the same effect as embedConfig.
func (b *binary) flags(s spec) []string {
	flags := []string{
		"--name=" + s.Name,
		"--data-dir=data",
		"--listen-peer-urls=" + s.PeerSocket.String(),
		"--listen-client-urls=" + s.ClientSocket.String(),
		"--initial-advertise-peer-urls=" + s.PeerURL.String(),
		"--advertise-client-urls=http://" + endpointHost(s.Name),
		"--initial-cluster=" + s.Cluster,
		"--initial-cluster-token=" + s.Token,
		"--initial-cluster-state=" + s.state(),
		"--peer-cert-file=own.crt",
		"--peer-key-file=own.key",
		"--peer-trusted-ca-file=authority.crt",
		"--heartbeat-interval=" + strconv.FormatInt(s.Tick.Milliseconds(), 10),
		"--election-timeout=" + strconv.FormatInt(s.Election.Milliseconds(), 10),
		"--pre-vote=true",
		"--strict-reconfig-check=false",
		"--enable-grpc-gateway=true",
		"--logger=zap",
		"--log-outputs=stderr",
	}
	if b.noFsync && !s.Fsync {
		flags = append(flags, "--unsafe-no-fsync=true")
	}
	return flags
}

// withoutEtcdVariables is an environment that leaves etcd to its flags. One variable has no flag, and says
// that etcd may run on this machine at all.
func withoutEtcdVariables(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		return strings.HasPrefix(variable, "ETCD_") && !strings.HasPrefix(variable, "ETCD_UNSUPPORTED_ARCH=")
	})
}
