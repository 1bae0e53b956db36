// A switching centre between an acquirer's switch and issuers, as a child of reversim.
//
// It keeps no transaction: a message goes on as it is, under the keys of the next line, and so does
// its answer. It has nothing to record: whatever it loses is sent again by those who did record it.
//
// With --mistake it makes one that real centres make: it answers reversals (0420) itself at once, and
// passes them on once. The acquirer takes the reversal for done, and a lost one is lost for good.
//
//	reversim explore two-switches --party "switch-2=examples/process/centre/centre"
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Event    string
	Protocol int
	Role     string
	Config   config
	At       int64
	Ticket   uint32
	Port     int
	Link     uint32
	Bytes    string
}

type config struct {
	Ports  []port
	Timing struct {
		ResponseUs int64 `json:"response_us"`
		FrameUs    int64 `json:"frame_us"`
	}
}

type port struct {
	Port         int
	Side, Peer   string
	Bins         []string
	PinKey       string `json:"pin_key"`
	MacKey       string `json:"mac_key"`
	MacAlgorithm string `json:"mac_algorithm"`
}

type action struct {
	Do    string  `json:"do"`
	Port  *int    `json:"port,omitempty"`
	Link  *uint32 `json:"link,omitempty"`
	Frame *string `json:"frame,omitempty"`
	Text  *string `json:"text,omitempty"`
}

type answer struct {
	Actions  []action `json:"actions,omitempty"`
	Deadline *int64   `json:"deadline,omitempty"`
	Error    string   `json:"error,omitempty"`
}

// A connection that stands, with the half of a frame that was read so far.
type link struct {
	id    uint32
	port  *port
	read  []byte
	since int64
}

type centre struct {
	config  config
	mistake bool
	links   []*link
	// When a port is connected again.
	reconnect map[int]int64
	// Reversals that went on since power came on: a copy of one is marked as a repeat.
	reversals map[string]bool
	out       answer
}

func (c *centre) do(one action) { c.out.Actions = append(c.out.Actions, one) }

func (c *centre) log(text string) { c.do(action{Do: "log", Text: &text}) }

func (c *centre) send(to *link, m message) {
	frame := hex.EncodeToString(to.port.zone().seal(m))
	c.do(action{Do: "send", Link: &to.id, Frame: &frame})
}

func (c *centre) connect(number int) { c.do(action{Do: "connect", Port: &number}) }

func (p *port) zone() zone {
	pin, _ := hex.DecodeString(p.PinKey)
	mac, _ := hex.DecodeString(p.MacKey)
	return zone{pin, mac, p.MacAlgorithm}
}

func (c *centre) forget() {
	c.links, c.reconnect, c.reversals = nil, map[int]int64{}, map[string]bool{}
}

func (c *centre) handle(e event) {
	switch e.Event {
	case "started":
		for _, port := range c.config.Ports {
			if port.Side == "upstream" {
				c.connect(port.Port)
			}
		}
	case "link_up":
		for at := range c.config.Ports {
			if c.config.Ports[at].Port == e.Port {
				c.links = append(c.links, &link{id: e.Link, port: &c.config.Ports[at]})
			}
		}
	case "connect_failed":
		c.reconnect[e.Port] = e.At + c.config.Timing.ResponseUs/8
	case "link_down":
		c.lose(e.Link, e.At)
	case "received":
		if from := c.link(e.Link); from != nil {
			data, _ := hex.DecodeString(e.Bytes)
			c.receive(from, e.At, data)
		}
	case "deadline_reached":
		c.elapse(e.At)
	}
	c.out.Deadline = c.deadline()
}

func (c *centre) link(id uint32) *link {
	for _, one := range c.links {
		if one.id == id {
			return one
		}
	}
	return nil
}

func (c *centre) lose(id uint32, at int64) {
	for i, one := range c.links {
		if one.id != id {
			continue
		}
		c.links = append(c.links[:i], c.links[i+1:]...)
		if one.port.Side == "upstream" {
			c.reconnect[one.port.Port] = at + c.config.Timing.ResponseUs/8
		}
		return
	}
}

func (c *centre) hangUp(one *link, at int64) {
	id := one.id
	c.do(action{Do: "disconnect", Link: &id})
	c.lose(id, at)
}

func (c *centre) elapse(at int64) {
	// By the order of ports, not of a map: the same run is answered the same.
	for _, port := range c.config.Ports {
		if due, there := c.reconnect[port.Port]; there && due <= at {
			delete(c.reconnect, port.Port)
			c.connect(port.Port)
		}
	}
	for _, one := range append([]*link{}, c.links...) {
		if len(one.read) > 0 && one.since+c.config.Timing.FrameUs <= at {
			c.hangUp(one, at)
		}
	}
}

func (c *centre) deadline() *int64 {
	var first *int64
	earlier := func(at int64) {
		if first == nil || at < *first {
			first = &at
		}
	}
	for _, at := range c.reconnect {
		earlier(at)
	}
	for _, one := range c.links {
		if len(one.read) > 0 {
			earlier(one.since + c.config.Timing.FrameUs)
		}
	}
	return first
}

func (c *centre) receive(from *link, at int64, data []byte) {
	if len(from.read) == 0 {
		from.since = at
	}
	from.read = append(from.read, data...)
	for {
		frame, err := takeFrame(&from.read)
		if err != nil {
			c.log("not a frame: " + err.Error())
			c.hangUp(from, at)
			return
		}
		if frame == nil {
			return
		}
		from.since = at
		m, err := decode(frame)
		if err != nil {
			c.log(err.Error())
			continue
		}
		c.route(from, m)
	}
}

// Passes a message on: requests towards the issuer, answers towards the acquirer.
func (c *centre) route(from *link, m message) {
	mac := from.port.zone().isSealed(m)
	switch {
	case m.mti == "0800":
		c.send(from, answerOf(m, "00", 7, 11, 33, 70))
	case m.mti[1] == '8':
	case !mac && from.port.Side == "downstream":
		c.send(from, answerOf(m, "A0", 2, 3, 4, 7, 11, 15, 32, 33, 37, 41, 42, 49, 90))
	case !mac:
		c.log("an answer without a good MAC: nobody hears it")
	case from.port.Side == "downstream":
		c.up(from, m)
	default:
		c.down(from, m)
	}
}

func (c *centre) up(from *link, m message) {
	isReversal := m.mti == "0420" || m.mti == "0421"
	if isReversal && c.mistake {
		// The mistake: nobody has it yet, and its sender will not send it again.
		c.send(from, answerOf(m, "00", 2, 3, 4, 7, 11, 15, 32, 33, 37, 41, 42, 49, 90))
	}
	for _, to := range c.links {
		if to.port.Side == "upstream" && to.port.takes(m.text(2)) {
			if isReversal {
				name := m.text(7) + m.text(11) + "/" + m.text(32) + "/" + m.text(33)
				if c.reversals[name] {
					m.mti = "0421"
				}
				c.reversals[name] = true
			}
			c.pass(from, to, m)
			return
		}
	}
	// Nobody is there. A reversal is sent again; whoever asks is told.
	if !isReversal {
		c.send(from, answerOf(m, "91", 2, 3, 4, 7, 11, 15, 32, 33, 37, 41, 42, 49))
	}
}

func (c *centre) down(from *link, m message) {
	isReversal := m.mti == "0430"
	if isReversal && c.mistake {
		return
	}
	for _, to := range c.links {
		if to.port.Side == "downstream" {
			c.pass(from, to, m)
			return
		}
	}
}

func (c *centre) pass(from, to *link, m message) {
	if block, there := m.data[52]; there {
		m.data[52] = translate(block, from.port.zone().pin, to.port.zone().pin)
	}
	c.send(to, m)
}

func (p *port) takes(pan string) bool {
	for _, bin := range p.Bins {
		if strings.HasPrefix(pan, bin) {
			return true
		}
	}
	return false
}

// An answer of the centre's own, with these elements of the message.
func answerOf(m message, code string, echoed ...int) message {
	own := message{mti: m.mti[:2] + string(m.mti[2]+1) + "0", data: map[int][]byte{}}
	for _, number := range echoed {
		if value, there := m.data[number]; there {
			own.data[number] = value
		}
	}
	own.data[39] = []byte(code)
	return own
}

func main() {
	c := &centre{mistake: len(os.Args) > 1 && os.Args[1] == "--mistake"}
	in, out := bufio.NewReaderSize(os.Stdin, 1<<16), bufio.NewWriter(os.Stdout)
	lines := json.NewDecoder(in)
	for {
		var e event
		if err := lines.Decode(&e); err != nil {
			return
		}
		c.out = answer{}
		switch {
		case e.Event == "reset" && (e.Protocol != 1 || e.Role != "switch"):
			c.out.Error = "this is a switch, and speaks version 1 of the protocol"
		case e.Event == "reset":
			c.config = e.Config
			c.forget()
		case e.Event == "power_loss":
			c.forget()
		default:
			c.handle(e)
		}
		text, err := json.Marshal(c.out)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Write(append(text, '\n'))
		out.Flush()
	}
}
