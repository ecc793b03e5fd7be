package locks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// leaderRecord is client-go's LeaderElectionRecord.
type leaderRecord struct {
	HolderIdentity       string    `json:"holderIdentity"`
	LeaseDurationSeconds int       `json:"leaseDurationSeconds"`
	AcquireTime          time.Time `json:"acquireTime"`
	RenewTime            time.Time `json:"renewTime"`
	LeaderTransitions    int       `json:"leaderTransitions"`
}

func (r leaderRecord) renewed(now time.Time) leaderRecord {
	r.RenewTime = now
	return r
}

// released is good for a second, by a custom of client-go that lets nobody wait, since it names nobody.
func (r leaderRecord) released(now time.Time) leaderRecord {
	return leaderRecord{LeaseDurationSeconds: 1, AcquireTime: now, RenewTime: now, LeaderTransitions: r.LeaderTransitions}
}

// observed is a record as a client saw it first.
type observed struct {
	record   leaderRecord
	revision int64 // of its last change; 0: there is no record
	at       time.Time
}

// isHeldFrom tells whether the record keeps a client from leading. The times in it are of another's clock, so
// they do not count: only how long the record has not changed does.
func (o observed) isHeldFrom(client string, now time.Time) bool {
	good := time.Duration(o.record.LeaseDurationSeconds) * time.Second
	return o.record.HolderIdentity != "" && o.record.HolderIdentity != client && now.Before(o.at.Add(good))
}

// taken is the record by which a client comes to lead, or goes on if it leads.
func (o observed) taken(env lock.Env, now time.Time) leaderRecord {
	next := leaderRecord{env.ClientID, int(env.TTLSeconds()), now, now, o.record.LeaderTransitions + 1}
	if o.record.HolderIdentity == env.ClientID {
		next.AcquireTime, next.LeaderTransitions = o.record.AcquireTime, o.record.LeaderTransitions
	}
	return next
}

// leaderRecords is a client's access to the record of a lock.
type leaderRecords struct {
	env  lock.Env
	seen observed
	// doubt is the revision that a write, which may yet happen, wants the record to be at; nil: none may.
	doubt *int64
}

// errOvertaken says that the record is not any more what it was when it was seen.
var errOvertaken = fmt.Errorf("the record changed in between: %w", lock.ErrTaken)

// look reads the record. One request.
func (l *leaderRecords) look(ctx context.Context) error {
	resp, err := l.env.Client.Get(ctx, l.env.Name)
	if err != nil {
		return fmt.Errorf("read the record %s: %w", l.env.Name, err)
	}
	now := observed{at: time.Now()}
	if len(resp.Kvs) > 0 {
		now.revision = resp.Kvs[0].ModRevision
		if err := json.Unmarshal(resp.Kvs[0].Value, &now.record); err != nil {
			return fmt.Errorf("read the record %s: %w", l.env.Name, err)
		}
	}
	if now.revision != l.seen.revision || now.revision == 0 {
		l.seen = now
	}
	if l.doubt != nil && *l.doubt != now.revision {
		l.doubt = nil
	}
	return nil
}

// write replaces the record that was seen, if it is still that one. One request.
func (l *leaderRecords) write(ctx context.Context, record leaderRecord) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("write the record %s: %w", l.env.Name, err)
	}
	was := l.seen.revision
	l.doubt = &was
	resp, err := l.env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(l.env.Name), "=", was)).
		Then(clientv3.OpPut(l.env.Name, string(value))).
		Else(clientv3.OpGet(l.env.Name)).
		Commit()
	if err != nil {
		return fmt.Errorf("write the record %s: %w", l.env.Name, err)
	}
	l.doubt = nil
	revision := written(resp, value)
	if revision == 0 {
		return fmt.Errorf("write the record %s at revision %d: %w", l.env.Name, was, errOvertaken)
	}
	l.seen = observed{record, revision, time.Now()}
	return nil
}

// written is the revision at which a write took place; 0: it did not. What is in the way of a write that clientv3
// has repeated can be that write itself.
func written(resp *clientv3.TxnResponse, value []byte) int64 {
	if resp.Succeeded {
		return resp.Header.Revision
	}
	for _, kv := range resp.Responses[0].GetResponseRange().Kvs {
		if bytes.Equal(kv.Value, value) {
			return kv.ModRevision
		}
	}
	return 0
}
