package cli

import "testing"

func TestBusyMachineIsToldOf(t *testing.T) {
	if d := busy(1.9, 2); d.State != isFine {
		t.Errorf("%+v", d)
	}
	if d := busy(2.1, 2); d.State != isLimited {
		t.Errorf("%+v", d)
	}
}

func TestMemoryUnderWhatARunTakes(t *testing.T) {
	n := need{Members: 3, Clients: 5, Parallel: 1}
	if d := memoryUnder(n.memory(), n); d.State != isFine {
		t.Errorf("%+v", d)
	}
	if d := memoryUnder(n.memory()-1, n); d.State != isLimited {
		t.Errorf("%+v", d)
	}
}

func TestMeminfo(t *testing.T) {
	const text = "MemTotal:       24 kB\nMemAvailable:   16 kB\nHugePages_Total:       0\n"
	if got, err := meminfo([]byte(text), "MemAvailable:"); got != 16<<10 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := meminfo([]byte(text), "HugePages_Total:"); err == nil {
		t.Error("a line without a unit was taken for memory")
	}
}
