package sim

// Disk is a copy of what a process had on its disk.
type Disk struct {
	process int
	disk    disk
}

// CopyDisk copies a process's disk, as a backup or a snapshot of its machine would.
func (s *Sim) CopyDisk(process int) Disk {
	d := s.processes[process].disk
	d.log = d.log[:len(d.log):len(d.log)]
	return Disk{process: process, disk: d}
}

// StartFrom crashes a process if it is up and starts it from an old disk of its own.
// With its watermark, which is kept elsewhere, it signs nothing in the views of which
// the disk may lack a vote; without, it asks the other seats first.
func (s *Sim) StartFrom(d Disk, watermark bool) {
	p := s.processes[d.process]
	s.crash(p)
	for _, b := range s.blocks {
		if b.Height > d.disk.final.Height {
			b.disk &^= p.bit
			b.executed &^= p.bit
		}
	}
	p.disk = d.disk
	p.app.Restart(true)
	for _, b := range s.chain[1 : d.disk.final.Height+1] {
		if !p.app.Execute(&b.Block) {
			s.fail(ErrInvalidBlock, p, "its App refuses height %d after a restart", b.Height)
		}
		p.app.Finalize(&b.Block)
	}
	p.lost, p.replaced = unsure, s.now
	if watermark {
		p.lost = marked
	}
	s.boot(p)
}
