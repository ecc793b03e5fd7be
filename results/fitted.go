package results

import "strings"

// MostMarkdown is what a pull request's comment has room for, in bytes; GitHub takes 65,536 characters.
const MostMarkdown = 60_000

// Fitted is a text of lines, cut at the end of one where it is longer than MostMarkdown; a sentence says so.
func Fitted(text, rest string) string {
	if len(text) <= MostMarkdown {
		return text
	}
	rest = "\n\n" + rest + "\n"
	room := text[:MostMarkdown-len(rest)]
	return room[:max(strings.LastIndexByte(room, '\n'), 0)] + rest
}
