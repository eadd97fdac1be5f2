using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>
/// Puts sentences together from the lines of a CoNLL-U file: ten columns a word, an empty line behind a sentence, comments after <c>#</c>. The text is made of the
/// written tokens; of those that are several words (<c>don't</c> is <c>do</c> and <c>n't</c>), each word begins where its letters do, or with the token where
/// it is written otherwise. Nodes that aren't written (<c>5.1</c>) are left out, and so are words without a label.
/// </summary>
/// <param name="path">The file, for messages.</param>
/// <param name="labelColumn">The column of the labels, of <see cref="LabelColumn"/>.</param>
internal sealed class ConlluReader(string path, int labelColumn)
{
    private const char ByteOrderMark = '\uFEFF';
    private const int FormColumn = 1;
    private const int FirstLabelColumn = 2;

    private static readonly string[] Columns = ["id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"];

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<TaggedSentence> _sentences = [];
    private readonly StringBuilder _text = new();
    private readonly List<TaggedWord> _words = [];
    private int _codePoints;
    private bool _spaceBefore;

    // A written token of several words: how it is written, where it begins in the text, how much of it the words so far are, and the number of its last word.
    private string _token = "";
    private int _tokenStart;
    private int _taken;
    private int _lastOfToken;

    /// <summary>The place of a column that can be the labels.</summary>
    /// <param name="name">Its name in the format.</param>
    /// <exception cref="CoppiceException">There is no such column (exit code 2).</exception>
    public static int LabelColumn(string name)
    {
        var column = Array.IndexOf(Columns, name);
        if (column >= FirstLabelColumn) return column;
        var known = Columns[FirstLabelColumn..];
        throw CoppiceException.Usage($"CoNLL-U has no column of labels '{name}'{NearestName.Hint(name, known)} (known: {string.Join(", ", known)})");
    }

    /// <summary>Takes a line.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="bytes">The line.</param>
    /// <exception cref="CoppiceException">It is none of the format.</exception>
    public void Take(int number, ReadOnlyMemory<byte> bytes)
    {
        var line = Decode(number, bytes);
        if (number == 1) line = line.TrimStart(ByteOrderMark);
        if (string.IsNullOrWhiteSpace(line))
        {
            EndSentence();
            return;
        }

        if (line[0] == '#') return;
        var columns = line.TrimEnd('\r').Split('\t');
        if (columns.Length != Columns.Length) throw FileLines.Error(path, number, FormattableString.Invariant($"has {columns.Length} columns, and a word has {Columns.Length}"));
        var id = columns[0];
        if (id.Contains('.', StringComparison.Ordinal)) return;
        var range = id.Split('-');
        if (range.Length > 2 || !IsNumber(range[0], out var first) || !IsNumber(range[^1], out var last)) throw FileLines.Error(path, number, $"'{id}' is no number of a word");
        var form = columns[FormColumn];
        if (form.Length == 0) throw FileLines.Error(path, number, "the word is empty");
        var isInside = range.Length == 1 && first <= _lastOfToken;
        var start = isInside ? PlaceInside(form) : Write(form, columns[^1].Split('|').Contains("SpaceAfter=No"));
        if (range.Length == 2) (_token, _tokenStart, _taken, _lastOfToken) = (form, start, 0, last);
        else if (columns[labelColumn] != "_") _words.Add(new TaggedWord(form, start, columns[labelColumn]));
    }

    /// <summary>Ends the file.</summary>
    /// <returns>Its sentences.</returns>
    /// <exception cref="CoppiceException">There is none with a labelled word.</exception>
    public IReadOnlyList<TaggedSentence> Finish()
    {
        EndSentence();
        return _sentences.Count > 0 ? _sentences : throw new CoppiceException($"{path}: holds no sentence with labelled words");
    }

    private static bool IsNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private string Decode(int number, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes.Span);
        }
        catch (DecoderFallbackException error)
        {
            throw FileLines.Error(path, number, "is not valid UTF-8", error);
        }
    }

    /// <summary>Appends a written token.</summary>
    /// <returns>Where it begins.</returns>
    private int Write(string form, bool noSpaceBehind)
    {
        if (_spaceBefore)
        {
            _text.Append(' ');
            _codePoints++;
        }

        var start = _codePoints;
        _text.Append(form);
        _codePoints += form.EnumerateRunes().Count();
        _spaceBefore = !noSpaceBehind;
        return start;
    }

    private int PlaceInside(string form)
    {
        if (!_token.AsSpan(_taken).StartsWith(form, StringComparison.Ordinal)) return _tokenStart;
        var start = _tokenStart + _token[.._taken].EnumerateRunes().Count();
        _taken += form.Length;
        return start;
    }

    private void EndSentence()
    {
        if (_words.Count > 0) _sentences.Add(new TaggedSentence(_text.ToString(), [.. _words]));
        _text.Clear();
        _words.Clear();
        (_codePoints, _spaceBefore, _lastOfToken) = (0, false, 0);
    }
}
