package locks

import (
	"testing"

	"lockquake/workloads/lock"
)

func (b *bed) acquireShared(l lock.Lock) lock.Hold {
	b.Helper()
	hold, err := l.(lock.Shared).AcquireShared(b.ctx)
	if err != nil {
		b.Fatalf("acquire shared: %v", err)
	}
	return hold
}

// a: |acquire shared ok|-- hold ------------|release|
// b:       |acquire shared ok|-- hold --|release|
// c:                    |acquire ...................... ok|
func TestReadersShareAndAWriterExcludes(t *testing.T) {
	b := newBed(t)
	first := b.acquireShared(b.open(RWMutex, b.env("a")))
	second := b.acquireShared(b.open(RWMutex, b.env("b")))
	writing := b.acquiring(b.ctx, b.open(RWMutex, b.env("c")))
	b.await("the writer's key", func() bool { return len(b.keys()) == 3 })
	for _, reader := range []lock.Hold{second, first} {
		select {
		case <-writing:
			b.Fatal("the writer does not wait for readers")
		default:
		}
		if err := reader.Release(b.ctx); err != nil {
			b.Fatal(err)
		}
	}
	writer := receive(b, "the writer", writing)
	if writer.err != nil || writer.hold.Token <= second.Token {
		b.Errorf("writer: %+v, want a greater token than %d", writer, second.Token)
	}
	b.wantKeys(1)
}

// a: |acquire ok|-- hold ----|release|
// b:         |acquire shared ........ ok|
func TestReaderWaitsForTheWriter(t *testing.T) {
	b := newBed(t)
	writer := b.acquire(b.open(RWMutex, b.env("a")))
	reader, read := b.open(RWMutex, b.env("b")), make(chan answer, 1)
	go func() {
		hold, err := reader.(lock.Shared).AcquireShared(b.ctx)
		read <- answer{hold, err}
	}()
	b.await("the reader's key", func() bool { return len(b.keys()) == 2 })
	select {
	case <-read:
		b.Fatal("the reader does not wait for the writer")
	default:
	}
	if err := writer.Release(b.ctx); err != nil {
		b.Fatal(err)
	}
	if got := receive(b, "the reader", read); got.err != nil || got.hold.Token <= writer.Token {
		b.Errorf("reader: %+v, want a greater token than %d", got, writer.Token)
	}
}
