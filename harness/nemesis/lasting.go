package nemesis

import "time"

// pastLeases is how long harm lasts after which leases that nobody could renew have ended. A leader that
// was elected meanwhile, within 0.3 s, gives each lease its whole TTL and an election timeout again, and
// etcd ends it up to 500 ms late: measured were 1.29 to 1.76 s at a TTL of 1 s.
func pastLeases(ttl time.Duration) time.Duration { return ttl + 900*time.Millisecond }
