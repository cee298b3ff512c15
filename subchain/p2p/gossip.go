package p2p

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
)

// maxPubSub is the size in bytes of the largest message of the gossip protocol, which
// may hold several of ours and control messages.
const maxPubSub = 1 << 20

// Bounds of gossip on its way; beyond them it is dropped.
const (
	outQueue = 4096 // messages to one peer
	judging  = 1024 // messages that wait for OnGossip, and as many in it
)

// Publish gives msg to the gossip of the network. It copies msg. A message that was
// seen within two minutes is not sent again. OnGossip is not asked. Errors: ErrSize,
// ErrNotRunning.
func (h *Host) Publish(msg []byte) error {
	if len(msg) == 0 || len(msg) > MaxGossip {
		return fmt.Errorf("%w: %d bytes", ErrSize, len(msg))
	}
	h.mu.Lock()
	topic := h.gossip
	h.mu.Unlock()
	if topic == nil {
		return ErrNotRunning
	}
	// It waits for no peer, and ends when the host does.
	if err := topic.Publish(context.Background(), append([]byte(nil), msg...)); err != nil {
		return fmt.Errorf("p2p: publish: %w", err)
	}
	return nil
}

func (h *Host) startGossip(ctx context.Context) (*pubsub.Topic, error) {
	filter := pubsub.WrapLimitSubscriptionFilter(pubsub.NewAllowlistSubscriptionFilter(h.topic), 16)
	ps, err := pubsub.NewGossipSub(ctx, h.stack,
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(contentID), pubsub.WithSubscriptionFilter(filter),
		pubsub.WithMaxMessageSize(maxPubSub), pubsub.WithPeerOutboundQueueSize(outQueue),
		pubsub.WithValidateQueueSize(judging),
		pubsub.WithPeerScore(h.scoring()), pubsub.WithFloodPublish(true), pubsub.WithPeerExchange(false),
		pubsub.WithLogger(h.cfg.Logger), pubsub.WithRPCLogger(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		return nil, err
	}
	if err := ps.RegisterTopicValidator(h.topic, h.judge, pubsub.WithValidatorConcurrency(judging)); err != nil {
		return nil, err
	}
	topic, err := ps.Join(h.topic)
	if err != nil {
		return nil, err
	}
	// The validator is the delivery: nobody reads a subscription.
	_, err = topic.Relay()
	return topic, err
}

func contentID(m *pb.Message) string {
	sum := sha256.Sum256(m.GetData())
	return string(sum[:])
}

func (h *Host) judge(_ context.Context, from PeerID, m *pubsub.Message) pubsub.ValidationResult {
	if !h.group.enter() {
		return pubsub.ValidationIgnore
	}
	defer h.group.leave()
	if from == h.ID() {
		return pubsub.ValidationAccept
	}
	verdict := Ignore
	if n := len(m.GetData()); n == 0 || n > MaxGossip {
		verdict = Reject
	} else if h.cfg.OnGossip != nil {
		verdict = h.cfg.OnGossip(from, append([]byte(nil), m.GetData()...))
	}
	switch verdict {
	case Accept:
		h.stats.gossiped.Add(1)
		return pubsub.ValidationAccept
	case Ignore:
		return pubsub.ValidationIgnore
	default:
		h.stats.rejected.Add(1)
		return pubsub.ValidationReject
	}
}

// scoring lets a peer lose its voice after seven rejected messages in short order
// (10·7² > 400), and an honest one forget an accident within minutes. Deliveries earn
// little; addresses are not held against peers, because many may share one.
func (h *Host) scoring() (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	params := &pubsub.PeerScoreParams{
		Topics: map[string]*pubsub.TopicScoreParams{h.topic: {
			SkipAtomicValidation:           true,
			TopicWeight:                    1,
			TimeInMeshWeight:               0.01,
			TimeInMeshQuantum:              time.Second,
			TimeInMeshCap:                  300,
			FirstMessageDeliveriesWeight:   0.1,
			FirstMessageDeliveriesDecay:    0.99,
			FirstMessageDeliveriesCap:      100,
			InvalidMessageDeliveriesWeight: -10,
			InvalidMessageDeliveriesDecay:  0.99,
		}},
		TopicScoreCap:             20,
		AppSpecificScore:          func(PeerID) float64 { return 0 },
		BehaviourPenaltyWeight:    -10,
		BehaviourPenaltyThreshold: 6,
		BehaviourPenaltyDecay:     0.99,
		DecayInterval:             time.Second,
		DecayToZero:               0.01,
		RetainScore:               10 * time.Minute,
	}
	return params, &pubsub.PeerScoreThresholds{
		GossipThreshold: -100, PublishThreshold: -200, GraylistThreshold: -400,
		AcceptPXThreshold: 1000, OpportunisticGraftThreshold: 1,
	}
}
