// SPDX-License-Identifier: BSD-2-Clause
//
// franz-go: does the work of `kcat-in | loginclean | kcat-out --key user_id` in one process, as a peer
// for tests/bench/run. It reads a topic from its beginning to its present end, drops what is not a
// JSON object with a user_id, fills in a missing or empty device_type, and writes the records to another
// topic with the user_id as the key, to the partition that a Java client would choose.
//
//	franz-go --in TOPIC --out TOPIC [--group GROUP] [--guarantee none|at-least-once|exactly-once]
//	         [--interval MS] [--follow]
//
// To build it here: go build -o ../../../../build/bench/franz-go .
//
// The brokers are in BOOTSTRAP_SERVERS. With a guarantee, offsets of the group are committed after each
// interval: once the records are stored, or with them in a transaction. With --follow it does not stop at the end.
//
// It passes records on as the bytes they were, and does not look at fields other than these two.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/goccy/go-json"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

type options struct {
	in, out, group, guarantee string
	interval                  time.Duration
	follow                    bool
}

type login struct {
	UserID     string `json:"user_id"`
	DeviceType string `json:"device_type"`
}

// clean returns the message key and value for a login event.
func clean(value []byte) (key string, cleaned []byte, err error) {
	var event login

	if err := json.Unmarshal(value, &event); err != nil {
		return "", nil, err
	}
	if event.UserID == "" {
		return "", nil, errors.New("no user_id")
	}
	if event.DeviceType != "" {
		return event.UserID, value, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(value, &all); err != nil {
		return "", nil, err
	}
	all["device_type"] = json.RawMessage(guess(all))
	cleaned, err = json.Marshal(all)
	return event.UserID, cleaned, err
}

// guess returns a device type for an event that has none.
func guess(event map[string]json.RawMessage) string {
	agent := bytes.ToLower(append(event["user_agent"], event["os"]...))
	switch {
	case bytes.Contains(agent, []byte("android")):
		return `"android"`
	case bytes.Contains(agent, []byte("iphone")), bytes.Contains(agent, []byte("ios")):
		return `"iOS"`
	}
	return `"unknown"`
}

// worker cleans what is polled and produces it. Its end holds, for each partition, the offset at which to
// stop; it is nil if the input has no end.
type worker struct {
	client *kgo.Client
	out    string
	end    map[int32]int64
	failed atomic.Pointer[error]
}

func (w *worker) produced(_ *kgo.Record, err error) {
	if err != nil {
		w.failed.CompareAndSwap(nil, &err)
	}
}

// work cleans the partitions of a poll in parallel. Records are reused: a polled one becomes the one
// that is produced.
func (w *worker) work(fetches kgo.Fetches) error {
	var wait sync.WaitGroup

	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for _, record := range p.Records {
				key, value, err := clean(record.Value)
				if err != nil {
					fmt.Fprintf(os.Stderr, "franz-go: %s [%d] at %d: dropped: %v\n",
						record.Topic, record.Partition, record.Offset, err)
					continue
				}
				*record = *kgo.KeyStringRecord(key, "")
				record.Topic, record.Value = w.out, value
				w.client.Produce(context.Background(), record, w.produced)
			}
		}()
	})
	wait.Wait()
	return w.err(fetches)
}

func (w *worker) err(fetches kgo.Fetches) error {
	if err := w.failed.Load(); err != nil {
		return *err
	}
	for _, fetch := range fetches.Errors() {
		if !errors.Is(fetch.Err, context.DeadlineExceeded) && !errors.Is(fetch.Err, context.Canceled) {
			return fetch.Err
		}
	}
	return nil
}

// passed notes which offsets were polled, and returns whether all partitions are at their ends.
func (w *worker) passed(fetches kgo.Fetches) bool {
	if w.end == nil {
		return false
	}
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if n := len(p.Records); n > 0 && p.Records[n-1].Offset+1 >= w.end[p.Partition] {
			delete(w.end, p.Partition)
		}
	})
	return len(w.end) == 0
}

// consume polls and works until the end of the input or a signal. It calls flush at the end, and
// interval after the first record since the last flush.
func (w *worker) consume(ctx context.Context, interval time.Duration, begin, flush func() error,
	poll func(context.Context) kgo.Fetches) error {
	var due time.Time // zero if nothing is to be flushed
	done := false

	for !done && ctx.Err() == nil {
		until, cancel := ctx, context.CancelFunc(func() {})
		if !due.IsZero() {
			until, cancel = context.WithDeadline(ctx, due)
		}
		fetches := poll(until)
		cancel()
		if fetches.NumRecords() > 0 && due.IsZero() {
			if err := begin(); err != nil {
				return err
			}
			due = time.Now().Add(interval)
		}
		done = w.passed(fetches)
		if err := w.work(fetches); err != nil {
			return err
		}
		if !due.IsZero() && (done || ctx.Err() != nil || !time.Now().Before(due)) {
			if err := flush(); err != nil {
				return err
			}
			due = time.Time{}
		}
	}
	return w.err(nil)
}

func findEnd(topic string, brokers kgo.Opt) (map[int32]int64, error) {
	client, err := kgo.NewClient(brokers)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	offsets, err := kadm.NewClient(client).ListEndOffsets(context.Background(), topic)
	if err != nil {
		return nil, err
	}
	end := map[int32]int64{}
	offsets.Each(func(o kadm.ListedOffset) {
		if o.Err != nil {
			err = o.Err
		} else if o.Offset > 0 {
			end[o.Partition] = o.Offset
		}
	})
	return end, err
}

func run(o options) error {
	brokers := kgo.SeedBrokers(os.Getenv("BOOTSTRAP_SERVERS"))
	w := &worker{out: o.out}
	if !o.follow {
		end, err := findEnd(o.in, brokers)
		if err != nil || len(end) == 0 {
			return err
		}
		w.end = end
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	opts := []kgo.Opt{
		brokers,
		kgo.ConsumeTopics(o.in),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.ProducerLinger(5 * time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(100_000),
	}
	nothing := func() error { return nil }
	switch o.guarantee {
	case "exactly-once":
		session, err := kgo.NewGroupTransactSession(append(opts, kgo.ConsumerGroup(o.group),
			kgo.TransactionalID(o.group), kgo.RequireStableFetchOffsets(),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()))...)
		if err != nil {
			return err
		}
		defer session.Close()
		w.client = session.Client()
		commit := func() error {
			committed, err := session.End(context.Background(), kgo.TryCommit)
			if err == nil && !committed {
				err = errors.New("a transaction was aborted")
			}
			return err
		}
		return w.consume(ctx, o.interval, session.Begin, commit, session.PollFetches)
	case "at-least-once":
		client, err := kgo.NewClient(append(opts, kgo.ConsumerGroup(o.group), kgo.DisableAutoCommit(),
			kgo.BlockRebalanceOnPoll())...)
		if err != nil {
			return err
		}
		defer client.CloseAllowingRebalance()
		w.client = client
		commit := func() error {
			if err := client.Flush(context.Background()); err != nil {
				return err
			}
			if err := w.err(nil); err != nil {
				return err
			}
			err := client.CommitUncommittedOffsets(context.Background())
			client.AllowRebalance()
			return err
		}
		return w.consume(ctx, o.interval, nothing, commit, client.PollFetches)
	default:
		client, err := kgo.NewClient(opts...)
		if err != nil {
			return err
		}
		defer client.Close()
		w.client = client
		flush := func() error { return client.Flush(context.Background()) }
		return w.consume(ctx, 24*time.Hour, nothing, flush, client.PollFetches)
	}
}

func main() {
	var o options
	flag.StringVar(&o.in, "in", "", "the topic to read")
	flag.StringVar(&o.out, "out", "", "the topic to write")
	flag.StringVar(&o.group, "group", "franz-go", "the consumer group")
	flag.StringVar(&o.guarantee, "guarantee", "none", "none, at-least-once or exactly-once")
	interval := flag.Int("interval", 1000, "milliseconds between commits")
	flag.BoolVar(&o.follow, "follow", false, "do not stop at the end")
	flag.Parse()
	o.interval = time.Duration(*interval) * time.Millisecond

	debug.SetGCPercent(400)
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "franz-go:", err)
		os.Exit(1)
	}
}
