// Command verify reads a copy of DIR/log with Go's sumdb packages alone, which know nothing of us:
// each log's signed checkpoint, its tiles, an inclusion proof of every entry, and the consistency
// of an earlier copy's checkpoint with this one's.
//
//	verify KEYS LATER [EARLIER]
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// openCheckpoint gives the tree that the log's key signed.
func openCheckpoint(folder string, verifier note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	message, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, fmt.Errorf("%q is no checkpoint of %s", opened.Text, verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, fmt.Errorf("%q is no root", lines[2])
	}
	copy(tree.Hash[:], root)
	return tree, nil
}

// tiles reads hash tiles for sumdb, whose paths name the height and ours do not.
type tiles struct{ folder string }

func (t tiles) Height() int                                { return height }
func (t tiles) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

// readEntries gives the entries of a bundle of this width.
func readEntries(folder string, n int64, width int) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: 0, N: n, W: width}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) >= 2 {
		size := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+size {
			break
		}
		entries = append(entries, data[2:2+size])
		data = data[2+size:]
	}
	if len(data) != 0 || len(entries) != width {
		return nil, fmt.Errorf("%s is no bundle of %d entries", path, width)
	}
	return entries, nil
}

func checkEntries(folder string, tree tlog.Tree, reader tlog.HashReader) error {
	for first := int64(0); first < tree.N; first += 1 << height {
		width := tree.N - first
		if width > 1<<height {
			width = 1 << height
		}
		entries, err := readEntries(folder, first>>height, int(width))
		if err != nil {
			return err
		}
		for i, entry := range entries {
			index := first + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, reader)
			if err != nil {
				return err
			}
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
			if err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
		}
	}
	return nil
}

func checkLog(folder, earlier string, verifier note.Verifier) (tlog.Tree, error) {
	tree, err := openCheckpoint(folder, verifier)
	if err != nil {
		return tree, err
	}
	// Checks each tile that it reads against the signed root.
	reader := tlog.TileHashReader(tree, tiles{folder})
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return tree, err
	}
	if root != tree.Hash {
		return tree, errors.New("the tiles do not lead to the signed root")
	}
	if err := checkEntries(folder, tree, reader); err != nil {
		return tree, err
	}
	if earlier == "" {
		return tree, nil
	}
	old, err := openCheckpoint(earlier, verifier)
	if err != nil {
		return tree, err
	}
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	if err != nil {
		return tree, err
	}
	return tree, tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

func run(keys, later, earlier string) error {
	text, err := os.ReadFile(keys)
	if err != nil {
		return err
	}
	for _, line := range strings.Fields(string(text)) {
		verifier, err := note.NewVerifier(line)
		if err != nil {
			return err
		}
		at := strings.Index(verifier.Name(), "/log/")
		if at < 0 {
			continue // the receipts' key
		}
		log := verifier.Name()[at+len("/log/"):]
		before := ""
		if earlier != "" {
			before = filepath.Join(earlier, log)
		}
		tree, err := checkLog(filepath.Join(later, log), before, verifier)
		if err != nil {
			return fmt.Errorf("%s: %w", log, err)
		}
		fmt.Println(log, tree.N)
	}
	return nil
}

func main() {
	earlier := ""
	if len(os.Args) == 4 {
		earlier = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], earlier); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}
