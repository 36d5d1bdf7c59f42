package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// contract is one WSDL of a folder of contracts.
type contract struct {
	name string
	file string
}

// contracts lists the WSDLs of dir. SOURCES.tsv names the main file of each in its first
// two columns; without one each folder's single WSDL is taken, and each WSDL beside them.
func contracts(dir string) ([]contract, error) {
	if list, err := listed(dir); err == nil || !os.IsNotExist(err) {
		return list, err
	}
	var list []contract
	for _, pattern := range []string{"*.wsdl", "*/*.wsdl"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		perFolder := map[string][]string{}
		for _, file := range found {
			perFolder[filepath.Dir(file)] = append(perFolder[filepath.Dir(file)], file)
		}
		for folder, files := range perFolder {
			if pattern == "*/*.wsdl" && len(files) == 1 {
				list = append(list, contract{filepath.Base(folder), files[0]})
				continue
			}
			for _, file := range files {
				list = append(list, contract{strings.TrimSuffix(filepath.Base(file), ".wsdl"), file})
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no contracts: neither SOURCES.tsv nor *.wsdl", dir)
	}
	slices.SortFunc(list, func(a, b contract) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

func listed(dir string) ([]contract, error) {
	file, err := os.Open(filepath.Join(dir, "SOURCES.tsv"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var list []contract
	for lines := bufio.NewScanner(file); lines.Scan(); {
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) < 2 || columns[0] == "name" {
			continue
		}
		list = append(list, contract{columns[0], filepath.Join(dir, columns[0], columns[1])})
	}
	slices.SortFunc(list, func(a, b contract) int { return strings.Compare(a.name, b.name) })
	return list, nil
}
