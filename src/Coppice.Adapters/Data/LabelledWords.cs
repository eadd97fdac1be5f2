using System.Text;
using Coppice.Evaluation;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>Sentences whose words carry labels, from any column of a CoNLL-U file or from the older format of two and more columns (CoNLL-2003: a word first, its label last).</summary>
public static class LabelledWords
{
    private const string NoLabel = "_";
    private const string DocumentMark = "-DOCSTART-";

    /// <inheritdoc cref="TaggedSentence.ReadConllu"/>
    public static IReadOnlyList<TaggedSentence> ReadConllu(string path, string column = "upos") => TaggedSentence.ReadConllu(path, column);

    /// <summary>
    /// Reads words and labels in columns that spaces or tabs part: the first is the word, the last its label. Words are put together with spaces, and an empty line ends a
    /// sentence.
    /// </summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, a line has one column only, or no word has a label.</exception>
    public static IReadOnlyList<TaggedSentence> ReadColumns(string path)
    {
        using var source = new TextSource(path);
        var (sentences, text, words, codePoints) = (new List<TaggedSentence>(), new StringBuilder(), new List<TaggedWord>(), 0);
        for (var number = source.Line; source.ReadLine() is { } line; number = source.Line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                EndSentence();
                continue;
            }

            var columns = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (columns[0] == DocumentMark) continue;
            if (columns.Length < 2) throw source.Error(number, "has a word and no label");
            Add(columns[0], columns[^1]);
        }

        EndSentence();
        return sentences.Count > 0 ? sentences : throw new CoppiceException($"{path}: holds no sentence with labelled words");

        void Add(string word, string label)
        {
            if (text.Length > 0)
            {
                text.Append(' ');
                codePoints++;
            }

            if (label != NoLabel) words.Add(new TaggedWord(word, codePoints, label));
            text.Append(word);
            // Places are counted in code points, as offsets of tokens are.
            codePoints += word.EnumerateRunes().Count();
        }

        void EndSentence()
        {
            if (words.Count > 0) sentences.Add(new TaggedSentence(text.ToString(), [.. words]));
            text.Clear();
            words.Clear();
            codePoints = 0;
        }
    }
}
