using System.Globalization;
using System.Text;
using Coppice.Evaluation;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// Sentences whose words carry labels, from any column of a CoNLL-U file or from the older format of two and more columns (CoNLL-2003: a word first, its label last).
/// An empty line ends a sentence, and <c>#</c> begins a comment in CoNLL-U.
/// </summary>
public static class LabelledWords
{
    private const string NoLabel = "_";
    private const string DocumentMark = "-DOCSTART-";

    private static readonly string[] Columns = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"];

    /// <summary>
    /// Reads CoNLL-U. The text is that of the written tokens. Of a token that is several words (<c>don't</c>: <c>do</c>, <c>n't</c>) each word begins where its
    /// letters do, or with the token where it is written otherwise. Words that aren't written (<c>5.1</c>) and those without a label are left out.
    /// </summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <param name="column">The column of the labels, by its name in the format.</param>
    /// <exception cref="CoppiceException">There is no such column (exit code 2), the file can't be read, a line is none of the format, or no word has a label.</exception>
    public static IReadOnlyList<TaggedSentence> ReadConllu(string path, string column = "upos")
    {
        var label = Array.IndexOf(Columns, column);
        if (label < 2) throw CoppiceException.Usage($"CoNLL-U has no column of labels '{column}'{NearestName.Hint(column, Columns[2..])} (known: {string.Join(", ", Columns[2..])})");
        return Read(path, (source, number, line, sentence) =>
        {
            if (line[0] == '#') return;
            var columns = line.Split('\t');
            if (columns.Length != Columns.Length) throw source.Error(number, FormattableString.Invariant($"has {columns.Length} columns, and a word has {Columns.Length}"));
            var (id, form) = (columns[0], columns[1]);
            if (id.Contains('.', StringComparison.Ordinal)) return;
            if (form.Length == 0) throw source.Error(number, "the word is empty");
            var range = id.Split('-');
            if (range.Length > 2 || !IsNumber(range[0], out var first) || !IsNumber(range[^1], out var last)) throw source.Error(number, $"'{id}' is no number of a word");
            if (range.Length == 1 && first <= sentence.LastOfToken) sentence.AddInside(form, columns[label]);
            else sentence.Write(form, columns[^1].Split('|').Contains("SpaceAfter=No"), range.Length == 2 ? null : columns[label], last);
        });
    }

    /// <summary>Reads words and labels in columns that spaces or tabs part: the first is the word, the last its label. Words are put together with spaces.</summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, a line has one column only, or no word has a label.</exception>
    public static IReadOnlyList<TaggedSentence> ReadColumns(string path) => Read(path, (source, number, line, sentence) =>
    {
        var columns = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (columns[0] == DocumentMark) return;
        if (columns.Length < 2) throw source.Error(number, "has a word and no label");
        sentence.Write(columns[0], noSpaceBehind: false, columns[^1], lastOfToken: 0);
    });

    private static List<TaggedSentence> Read(string path, Action<TextSource, int, string, SentenceBuilder> take)
    {
        using var source = new TextSource(path);
        var (sentences, sentence) = (new List<TaggedSentence>(), new SentenceBuilder());
        for (var number = source.Line; source.ReadLine() is { } line; number = source.Line)
        {
            if (string.IsNullOrWhiteSpace(line)) sentence.EndInto(sentences);
            else take(source, number, line, sentence);
        }

        sentence.EndInto(sentences);
        return sentences.Count > 0 ? sentences : throw new CoppiceException($"{path}: holds no sentence with labelled words");
    }

    private static bool IsNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>Puts a sentence together; places are counted in code points, as offsets of tokens are.</summary>
    private sealed class SentenceBuilder
    {
        private readonly StringBuilder _text = new();
        private readonly List<TaggedWord> _words = [];
        private int _codePoints;
        private bool _spaceBefore;

        // The written token that the words so far are part of: its letters, where it begins, and how many of them are taken.
        private string _token = "";
        private int _tokenStart;
        private int _taken;

        /// <summary>The number of the last word of the written token.</summary>
        public int LastOfToken { get; private set; }

        public void Write(string form, bool noSpaceBehind, string? label, int lastOfToken)
        {
            if (_spaceBefore)
            {
                _text.Append(' ');
                _codePoints++;
            }

            (_token, _tokenStart, _taken, LastOfToken) = (form, _codePoints, 0, label is null ? lastOfToken : 0);
            if (label is not (null or NoLabel)) _words.Add(new TaggedWord(form, _codePoints, label));
            _text.Append(form);
            _codePoints += form.EnumerateRunes().Count();
            _spaceBefore = !noSpaceBehind;
        }

        public void AddInside(string form, string label)
        {
            var start = _tokenStart;
            if (_token.AsSpan(_taken).StartsWith(form, StringComparison.Ordinal))
            {
                start += _token[.._taken].EnumerateRunes().Count();
                _taken += form.Length;
            }

            if (label != NoLabel) _words.Add(new TaggedWord(form, start, label));
        }

        public void EndInto(List<TaggedSentence> sentences)
        {
            if (_words.Count > 0) sentences.Add(new TaggedSentence(_text.ToString(), [.. _words]));
            _text.Clear();
            _words.Clear();
            (_codePoints, _spaceBefore, LastOfToken) = (0, false, 0);
        }
    }
}
