package cli

import "fmt"

// What a run takes, upper bounds of what was measured with 1 to 9 members and 0 to 32 clients (etcd 3.7.3, Linux;
// TestNeedsAreNoLessThanWhatARunTakes measures again).
const (
	filesOfEtcd    = 151 // with fewer it does not start (embed.reservedInternalFDNum)
	filesOfProgram = 32  // the histories of cells and the like
	filesOfMember  = 9   // its sockets, its data, its log, its proxy
	filesOfPeers   = 16  // of each member to each other one: streams and probes, all ends in this process, through the proxy
	filesOfClient  = 2   // to each member: both ends are in this process
	watchers       = 3   // clients of the harness in each cell: the ground truth's, the nemesis's, the last one

	memoryOfProgram = 64 << 20
	memoryOfMember  = 16 << 20 // with its share of the links to its peers
	memoryOfClient  = 512 << 10

	tempOfMember = 8 << 20 // two segments of 1 MiB to begin with, and what grows
	diskOfCell   = 1 << 20 // history, logs and pictures
)

// openFiles is about how many files a run has open.
func (n need) openFiles() int {
	cell := n.Members*filesOfMember + n.Members*(n.Members-1)*filesOfPeers + (n.Clients+watchers)*n.Members*filesOfClient
	return max(filesOfEtcd, filesOfProgram+n.Parallel*cell)
}

// memory is about what a run takes, in bytes.
func (n need) memory() uint64 {
	return uint64(memoryOfProgram + n.Parallel*(n.Members*memoryOfMember+n.Clients*memoryOfClient))
}

// temporary is about what the members' data take, in bytes.
func (n need) temporary() uint64 { return uint64(n.Parallel * n.Members * tempOfMember) }

// String is the run in words.
func (n need) String() string {
	text := fmt.Sprintf("%s with %s", counted(n.Members, "member"), counted(n.Clients, "client"))
	if n.Parallel > 1 {
		text += fmt.Sprintf(" in %d cells at a time", n.Parallel)
	}
	return text
}

// large is a run of which a machine should be capable before it is called good enough for all of them.
func (n need) large() need {
	return need{max(n.Members, 5), max(n.Clients, 32), n.Parallel}
}

// mib is a number of bytes as a person reads it.
func mib(bytes uint64) string {
	if bytes >= 10<<30 {
		return fmt.Sprintf("%d GiB", bytes>>30)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}

// counted is a number of things, in the plural where there is not one.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
