// Command peer checks what awizo publishes with golang.org/x/mod/sumdb, the library of Go's checksum database.
//
//	peer bundle BUNDLE VKEYS     every signature, inclusion and consistency in a proof bundle
//	peer log DIR VKEYS           checkpoint, tiles and entries of a whole log
//	peer proofs DIR VKEYS BUNDLE the paths in a bundle are those that follow from the tiles
//
// VKEYS has one verifier key a line, DIR what is served below a shard's prefix. It prints what held and exits 0, or
// prints what did not and exits 1.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 3 {
		return errors.New("usage: peer bundle|log|proofs ...")
	}
	keys, err := readKeys(arguments[2])
	if err != nil {
		return err
	}
	switch {
	case arguments[0] == "bundle" && len(arguments) == 3:
		return checkBundle(arguments[1], keys)
	case arguments[0] == "log" && len(arguments) == 3:
		return checkLog(arguments[1], keys)
	case arguments[0] == "proofs" && len(arguments) == 4:
		return checkProofs(arguments[1], keys, arguments[3])
	}
	return errors.New("usage: peer bundle|log|proofs ...")
}

func readKeys(file string) (note.Verifiers, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var keys []note.Verifier
	for _, line := range strings.Fields(string(data)) {
		key, err := note.NewVerifier(line)
		if err != nil {
			return nil, fmt.Errorf("verifier key: %w", err)
		}
		keys = append(keys, key)
	}
	return note.VerifierList(keys...), nil
}

// A checkpoint is a signed tree head; the key's name is the log's origin.
type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func openCheckpoint(signed string, keys note.Verifiers) (checkpoint, error) {
	opened, err := note.Open([]byte(signed), keys)
	if err != nil {
		return checkpoint{}, fmt.Errorf("note: %w", err)
	}
	head, err := parseCheckpoint(opened.Text)
	if err != nil {
		return checkpoint{}, err
	}
	for _, signature := range opened.Sigs {
		if signature.Name == head.origin {
			return head, nil
		}
	}
	return checkpoint{}, errors.New("checkpoint: not signed by its origin")
}

func parseCheckpoint(text string) (checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, errors.New("checkpoint: not three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	return checkpoint{lines[0], tlog.Tree{N: size, Hash: root}}, nil
}

// --- bundles ---

type bundle struct {
	Facts, Context []fact
	Anchors        []anchor
	Timestamps     []anchor // here Note is the text alone
}

type fact struct {
	Document json.RawMessage
	Salt     []byte
	Proof    string
}

type anchor struct {
	Note        string
	Consistency []string
}

func readBundle(file string) (bundle, error) {
	var read bundle
	data, err := os.ReadFile(file)
	if err != nil {
		return read, err
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return read, fmt.Errorf("bundle: %w", err)
	}
	if len(read.Facts) == 0 {
		return read, errors.New("bundle: no facts")
	}
	return read, nil
}

// A placed fact is one whose checkpoint was opened; path and index are as the bundle has them.
type placed struct {
	leaf  tlog.Hash
	index int64
	path  tlog.RecordProof
	head  checkpoint
}

func place(given fact, keys note.Verifiers) (placed, error) {
	head, signed, found := strings.Cut(given.Proof, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return placed{}, errors.New("proof: not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return placed{}, fmt.Errorf("proof: %w", err)
	}
	path, err := parseHashes(lines[2:])
	if err != nil {
		return placed{}, fmt.Errorf("proof: %w", err)
	}
	opened, err := openCheckpoint(signed, keys)
	if err != nil {
		return placed{}, err
	}
	return placed{tlog.RecordHash(entryOf(given)), index, path, opened}, nil
}

// entryOf gives the log entry of a fact. In a canonical bundle the document's own bytes are canonical as well.
func entryOf(given fact) []byte {
	hash := sha256.New()
	hash.Write([]byte("awizo/record/v1\x00"))
	hash.Write(given.Salt)
	hash.Write(given.Document)
	return append([]byte("awizo-leaf/v1\n"), hash.Sum(nil)...)
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(lines))
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func placeAll(given bundle, keys note.Verifiers) ([]placed, error) {
	var all []placed
	for _, each := range append(append([]fact(nil), given.Facts...), given.Context...) {
		one, err := place(each, keys)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func checkBundle(file string, keys note.Verifiers) error {
	given, err := readBundle(file)
	if err != nil {
		return err
	}
	all, err := placeAll(given, keys)
	if err != nil {
		return err
	}
	heads := map[string]checkpoint{}
	for _, one := range all {
		tree := one.head.tree
		if err := tlog.CheckRecord(one.path, tree.N, tree.Hash, one.index, one.leaf); err != nil {
			return fmt.Errorf("inclusion of %d: %w", one.index, err)
		}
		heads[one.head.origin] = one.head
	}
	for _, each := range given.Anchors {
		if err := checkAnchor(each, heads, keys); err != nil {
			return err
		}
	}
	for _, each := range given.Timestamps {
		if err := checkStamped(each, heads); err != nil {
			return err
		}
	}
	sizes := []interface{}{len(all), len(given.Anchors), len(given.Timestamps)}
	fmt.Printf("%d facts, %d anchors, %d stamped checkpoints\n", sizes...)
	return nil
}

func checkAnchor(given anchor, heads map[string]checkpoint, keys note.Verifiers) error {
	older, err := openCheckpoint(given.Note, keys)
	if err != nil {
		return fmt.Errorf("anchor: %w", err)
	}
	if newer, found := heads[older.origin]; found {
		return checkConsistency(older, newer, given.Consistency)
	}
	return nil
}

// checkStamped takes a checkpoint that is older or younger than the one that proves the facts.
func checkStamped(given anchor, heads map[string]checkpoint) error {
	stamped, err := parseCheckpoint(given.Note)
	if err != nil {
		return fmt.Errorf("stamped: %w", err)
	}
	own, found := heads[stamped.origin]
	if !found {
		return nil
	}
	if stamped.tree.N > own.tree.N {
		return checkConsistency(own, stamped, given.Consistency)
	}
	return checkConsistency(stamped, own, given.Consistency)
}

func checkConsistency(older, newer checkpoint, lines []string) error {
	path, err := parseHashes(lines)
	if err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	if err := tlog.CheckTree(path, newer.tree.N, newer.tree.Hash, older.tree.N, older.tree.Hash); err != nil {
		return fmt.Errorf("consistency of %d: %w", older.tree.N, err)
	}
	return nil
}

// --- the log ---

// A directory reads tiles as c2sp.org/tlog-tiles lays them out, which leaves the height out of Go's paths.
type directory string

func (directory) Height() int { return tileHeight }

func (directory) SaveTiles([]tlog.Tile, [][]byte) {}

func (dir directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		data, err := dir.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

func (dir directory) read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(dir), filepath.FromSlash(path)))
}

// entries gives all entries of a log of that size, out of its entry bundles.
func (dir directory) entries(size int64) ([][]byte, error) {
	var all [][]byte
	for n := int64(0); n<<tileHeight < size; n++ {
		tile := tlog.Tile{H: tileHeight, L: 0, N: n, W: 1 << tileHeight}
		if rest := size - n<<tileHeight; rest < 1<<tileHeight {
			tile.W = int(rest)
		}
		data, err := dir.read(strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1))
		if err != nil {
			return nil, err
		}
		for count := 0; count < tile.W; count++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, errors.New("entries: cut short")
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			all, data = append(all, data[2:end]), data[end:]
		}
		if len(data) != 0 {
			return nil, errors.New("entries: more than the bundle's width")
		}
	}
	return all, nil
}

func openLog(dir directory, keys note.Verifiers) (tlog.Tree, tlog.HashReader, error) {
	signed, err := dir.read("checkpoint")
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	head, err := openCheckpoint(string(signed), keys)
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	return head.tree, tlog.TileHashReader(head.tree, dir), nil
}

func checkLog(name string, keys note.Verifiers) error {
	dir := directory(name)
	tree, tiles, err := openLog(dir, keys)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(tree.N, tiles)
	if err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	if root != tree.Hash {
		return errors.New("tiles: another root than the checkpoint's")
	}
	entries, err := dir.entries(tree.N)
	if err != nil {
		return err
	}
	if err := checkEntries(entries, tree); err != nil {
		return err
	}
	for index := range entries {
		if err := proveFromTiles(int64(index), entries[index], tree, tiles); err != nil {
			return err
		}
	}
	fmt.Printf("%d entries\n", tree.N)
	return nil
}

// checkEntries builds the whole tree again out of the entries alone.
func checkEntries(entries [][]byte, tree tlog.Tree) error {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for index, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(index), entry, reader)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("entries: another root than the checkpoint's")
	}
	return nil
}

func proveFromTiles(index int64, entry []byte, tree tlog.Tree, tiles tlog.HashReader) error {
	path, err := tlog.ProveRecord(tree.N, index, tiles)
	if err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("tiles prove no entry %d: %w", index, err)
	}
	return nil
}

// --- both ---

func checkProofs(name string, keys note.Verifiers, file string) error {
	tree, tiles, err := openLog(directory(name), keys)
	if err != nil {
		return err
	}
	given, err := readBundle(file)
	if err != nil {
		return err
	}
	all, err := placeAll(given, keys)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.head.tree != tree {
			return errors.New("the bundle was proven against another checkpoint")
		}
		path, err := tlog.ProveRecord(tree.N, one.index, tiles)
		if err != nil {
			return fmt.Errorf("tiles: %w", err)
		}
		if !same(path, one.path) {
			return fmt.Errorf("inclusion of %d: another path follows from the tiles", one.index)
		}
	}
	for _, each := range given.Anchors {
		if err := compareAnchor(each, tree, tiles, keys); err != nil {
			return err
		}
	}
	fmt.Printf("%d inclusion paths, %d consistency paths\n", len(all), len(given.Anchors))
	return nil
}

func compareAnchor(given anchor, tree tlog.Tree, tiles tlog.HashReader, keys note.Verifiers) error {
	older, err := openCheckpoint(given.Note, keys)
	if err != nil {
		return fmt.Errorf("anchor: %w", err)
	}
	theirs, err := parseHashes(given.Consistency)
	if err != nil {
		return fmt.Errorf("anchor: %w", err)
	}
	path, err := tlog.ProveTree(tree.N, older.tree.N, tiles)
	if err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	if !same(path, theirs) {
		return fmt.Errorf("consistency of %d: another path follows from the tiles", older.tree.N)
	}
	return nil
}

func same(one, other []tlog.Hash) bool {
	if len(one) != len(other) {
		return false
	}
	for i := range one {
		if !bytes.Equal(one[i][:], other[i][:]) {
			return false
		}
	}
	return true
}
