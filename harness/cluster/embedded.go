package cluster

import (
	"errors"
	"sync"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.uber.org/zap"
)

// walSegment replaces etcd's 64 MB, of which each member preallocates two.
const walSegment = 1 << 20

// smallSegments guards the setting of wal.SegmentSizeBytes. That is a global of etcd's, which every
// server in the process reads whenever it cuts a segment: it can be set only before the first starts, and
// never set back.
var smallSegments sync.Once

func keepSegmentsSmall() { smallSegments.Do(func() { wal.SegmentSizeBytes = walSegment }) }

var (
	errInProcess = errors.New("it runs in this process, which cannot be stopped: it needs one of its own")
	errStopped   = errors.New("it stopped by itself")
)

// embedded is a server in this process.
type embedded struct{ *embed.Etcd }

// startEmbedded returns when the server listens, which may be before it has found its peers.
func startEmbedded(s spec, log *zap.Logger) (embedded, error) {
	keepSegmentsSmall()
	etcd, err := embed.StartEtcd(s.embedConfig(log))
	return embedded{etcd}, err
}

func (e embedded) Believes() (leader, term uint64, running bool) {
	return e.Server.Lead(), e.Server.Term(), true
}

func (e embedded) Kill() {
	e.Server.HardStop()
	e.Close()
}

func (e embedded) Ended() error {
	select {
	case <-e.Server.StopNotify():
		return errStopped
	default:
		return nil
	}
}

func (embedded) Pause() error  { return errInProcess }
func (embedded) Resume() error { return errInProcess }
