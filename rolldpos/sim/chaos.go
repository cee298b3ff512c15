package sim

import "math/rand/v2"

// recovery is within how many block times after a heal new blocks must be final.
const recovery = 10

// Chaos upsets and heals the network in turns until a time, in ms since the run began,
// and demands progress after each heal. It ends in calm. Beside the Byzantine seats it
// lets up to f − len(Config.Byzantine) seats have broken clocks or lose their disks'
// ends. The error is that of the first broken promise, or nil.
func (s *Sim) Chaos(until uint64) error {
	var old []Disk
	for s.now < until && s.err == nil {
		calm := uint64(recovery + 2 + s.rng.IntN(18))
		if err := s.settle(calm); err != nil {
			return err
		}
		if s.now >= until {
			break
		}
		old = s.backup(old)
		end := s.now + uint64(4+s.rng.IntN(26))*s.cfg.Block
		for s.now < end && s.err == nil {
			s.upset(old)
			if err := s.Run(s.now + s.cfg.Block/10 + s.rng.Uint64N(3*s.cfg.Block)); err != nil {
				return err
			}
		}
	}
	if s.err != nil {
		return s.err
	}
	return s.settle(recovery)
}

// settle heals the network, starts what is down, and watches for some block times.
func (s *Sim) settle(blocks uint64) error {
	s.Heal()
	s.network.Duplicate = s.rng.IntN(500)
	for _, p := range s.processes {
		if !p.up {
			s.boot(p)
		}
	}
	since := s.now
	for i := range blocks {
		if err := s.Run(s.now + s.cfg.Block); err != nil {
			return err
		}
		if i+1 >= recovery {
			if s.checkProgress(since); s.err != nil {
				return s.err
			}
			since += s.cfg.Block
		}
	}
	return nil
}

// backup replaces the copies of disks now and then, so that they grow old.
func (s *Sim) backup(old []Disk) []Disk {
	if s.spare() == 0 || len(old) > 0 && s.rng.IntN(4) > 0 {
		return old
	}
	old = old[:0]
	for _, p := range s.processes {
		if p.honest() {
			old = append(old, s.CopyDisk(p.id))
		}
	}
	return old
}

// spare is how many more seats may be faulty.
func (s *Sim) spare() int { return s.committee.Faulty() - len(s.cfg.Byzantine) }

// upset changes what is wrong.
func (s *Sim) upset(old []Disk) {
	n := Network{MinDelay: 1, MaxDelay: s.cfg.Block / 50}
	if s.rng.IntN(4) > 0 {
		n.Loss, n.Duplicate = s.rng.IntN(301), s.rng.IntN(501)
	}
	if s.rng.IntN(3) == 0 {
		n.MaxDelay = s.cfg.Delta/2 + s.rng.Uint64N(2*s.cfg.MaxDelta)
	}
	s.SetNetwork(n)
	s.torn = 0
	if s.rng.IntN(2) == 0 {
		s.torn = s.rng.IntN(40)
	}
	s.divide()
	for _, p := range s.processes {
		switch {
		case !p.up && s.rng.IntN(2) == 0:
			s.boot(p)
		case p.up && s.rng.IntN(8) == 0:
			s.crash(p)
			p.drift = int64(s.rng.IntN(41)) - 20
		case !p.spoiled() && s.rng.IntN(8) == 0:
			p.skew = int64(s.rng.IntN(maxAhead*2/3)) - maxAhead/3
		}
	}
	if s.spare() > 0 && s.rng.IntN(6) == 0 {
		s.spoil(old)
	}
}

// divide cuts the network in two, in any directions, or not at all. Twins are kept in
// different halves, so that each is alone with its half.
func (s *Sim) divide() {
	groups := make([]int, len(s.processes))
	kind := s.rng.IntN(3)
	for i, p := range s.processes {
		if kind == 1 {
			groups[i] = 1 + s.rng.IntN(2)
		} else if p.behaviour&Twin != 0 {
			groups[i] = 1
			if i >= s.cfg.Seats {
				groups[i] = 2
			}
		}
	}
	s.Partition(groups)
	if kind == 2 {
		for range s.rng.IntN(len(s.processes) + 1) {
			s.Cut(s.rng.IntN(len(s.processes)), s.rng.IntN(len(s.processes)))
		}
	}
}

// spoiled says whether an honest process is as good as faulty now. Who has lost votes is
// so until a block that was built since is final: it may be missed in every view before.
func (p *process) spoiled() bool {
	return p.honest() && (p.lost != none || p.disk.final.built < p.replaced || p.skew > maxAhead/3 || p.skew < -maxAhead/3)
}

// spoil gives an honest seat a clock that is a day off, or an old disk, and repairs a
// clock first if as many seats are spoiled as may be.
func (s *Sim) spoil(old []Disk) {
	count := 0
	var clock *process
	for _, p := range s.processes {
		if p.spoiled() {
			count++
			if p.lost == none && p.disk.final.built >= p.replaced {
				clock = p
			}
		}
	}
	if count >= s.spare() {
		if clock == nil {
			return
		}
		clock.skew = 0
	}
	if len(old) > 0 && s.rng.IntN(2) == 0 {
		s.StartFrom(old[s.rng.IntN(len(old))], s.rng.IntN(2) == 0)
		return
	}
	p := s.processes[s.rng.IntN(s.cfg.Seats)]
	if p.honest() && !p.spoiled() {
		p.skew = 86_400_000 * int64(1-2*s.rng.IntN(2))
	}
}

// Lot returns Byzantine seats drawn by lot: none, some or f, each with behaviours of
// its own, and sometimes epochs that end.
func Lot(seed uint64, seats int) Config {
	rng := rand.New(rand.NewPCG(seed, 1<<32|uint64(seats)))
	cfg := Config{Seed: seed, Seats: seats, Byzantine: make(map[int]Behaviour)}
	f := (seats - 1) / 3
	for range rng.IntN(f + 1) {
		b := Behaviour(1) << rng.IntN(behaviours)
		if rng.IntN(2) == 0 {
			b |= 1 << rng.IntN(behaviours)
		}
		cfg.Byzantine[rng.IntN(seats)] = b
	}
	if rng.IntN(3) == 0 {
		cfg.Epoch = 1 + rng.Uint64N(100)
	}
	return cfg
}
