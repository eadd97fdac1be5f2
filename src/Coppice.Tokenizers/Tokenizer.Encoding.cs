using System.Text;

namespace Coppice.Tokenizers;

/// <content>Text to tokens.</content>
public sealed partial class Tokenizer
{
    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> ids) => Encode(text, new TokenBuffer(ids));

    /// <summary>Appends the ids of a text as <see cref="Encode(ReadOnlySpan{char}, List{int})"/> does, and counts what the vocabulary can't express.</summary>
    /// <param name="text">The text, UTF-16.</param>
    /// <param name="ids">Where the ids are appended.</param>
    /// <param name="unknown">The characters (for a byte-level model: bytes) that were left out or became the unknown token.</param>
    public void Encode(ReadOnlySpan<char> text, List<int> ids, out long unknown)
    {
        var output = new TokenBuffer(ids);
        Encode(text, output);
        unknown = output.UnknownCount;
    }

    /// <summary>The ids of a text in which special tokens are recognised, with those around it that the post-processor adds.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its special tokens.</param>
    public IReadOnlyList<int> EncodeWithSpecialTokens(string text, bool addSpecialTokens = true) => EncodeWithOffsets(text, addSpecialTokens).Ids;

    /// <summary>The tokens of a text and where they came from. Special tokens in the text are recognised.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether the post-processor adds its special tokens.</param>
    public TokenEncoding EncodeWithOffsets(string text, bool addSpecialTokens)
    {
        var encoding = new TokenEncoding();
        var words = new List<TextPiece>();
        var codePoints = 0;
        foreach (var (piece, token) in Pieces(text, specialIsPlainText: false))
        {
            var original = NormalizedText.From(text.Substring(piece.Start, piece.Length), codePoints, trackOffsets: true);
            var codePointsAfter = original.Text.Length == 0 ? codePoints : original.AlignmentOf(original.Text.Length - 1).End;
            if (token is not null) encoding.Add(token.Id, original.Text, (codePoints, codePointsAfter));
            else
            {
                foreach (var (normalized, inner) in Normalize(original, specialIsPlainText: false))
                {
                    if (inner is not null) encoding.Add(inner.Id, normalized.Text, (normalized.AlignmentOf(0).Start, normalized.AlignmentOf(normalized.Text.Length - 1).End));
                    else AddWords(normalized, words, encoding);
                }
            }

            codePoints = codePointsAfter;
        }

        return parts.PostProcessor?.Process(encoding, addSpecialTokens) ?? encoding;
    }

    private void Encode(ReadOnlySpan<char> text, TokenBuffer output)
    {
        var words = new List<TextPiece>();
        if (seesTextUnchanged)
        {
            EncodeWords(text, words, output);
            return;
        }

        foreach (var (part, token) in Prepare(text.ToString())) Encode(part, token, words, output);
    }

    /// <summary>
    /// Appends the ids of a text in which special tokens are recognised, without adding others. Where a stand-in took the place of a character, no special
    /// token is seen; the text around them is encoded with the character itself.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="standIns">The characters by their stand-ins.</param>
    /// <param name="ids">Where the ids are appended.</param>
    internal void EncodeWithStandIns(string text, IReadOnlyDictionary<char, char> standIns, List<int> ids)
    {
        var words = new List<TextPiece>();
        var output = new TokenBuffer(ids);
        foreach (var (part, token) in Prepare(text, specialIsPlainText: false))
        {
            foreach (var (standIn, character) in standIns) part.Replace(standIn, character);
            Encode(part, token, words, output);
        }
    }

    private void Encode(NormalizedText part, AddedToken? token, List<TextPiece> words, TokenBuffer output)
    {
        if (token is not null)
        {
            output.Add(token.Id, 0);
            return;
        }

        Split(part, words);
        foreach (var word in words) parts.Model.Encode(part.Text.AsSpan(word.Start, word.Length), output);
    }

    /// <summary>What becomes words of a text: its parts around added tokens, normalised.</summary>
    /// <param name="text">The text.</param>
    /// <param name="specialIsPlainText">Whether special tokens written in it are plain text.</param>
    internal IEnumerable<(NormalizedText Text, AddedToken? Token)> Prepare(string text, bool specialIsPlainText = true)
    {
        foreach (var (piece, token) in Pieces(text, specialIsPlainText))
        {
            var original = NormalizedText.From(text.Substring(piece.Start, piece.Length), piece.Start, trackOffsets: false);
            if (token is not null)
            {
                yield return (original, token);
                continue;
            }

            foreach (var part in Normalize(original, specialIsPlainText)) yield return part;
        }
    }

    private List<(TextPiece Piece, AddedToken? Token)> Pieces(string text, bool specialIsPlainText) =>
        rawMatcher?.Split(text, specialIsPlainText) ?? [(new TextPiece(0, text.Length), null)];

    // Normalises one piece of text and cuts it at the added tokens that are looked for in normalised text.
    private IEnumerable<(NormalizedText Text, AddedToken? Token)> Normalize(NormalizedText text, bool specialIsPlainText)
    {
        text.ReplaceLoneSurrogates();
        parts.Normalizer?.Apply(text);
        foreach (var (piece, token) in normalizedMatcher?.Split(text.Text, specialIsPlainText) ?? [(new TextPiece(0, text.Text.Length), null)])
        {
            yield return (text.Slice(piece.Start, piece.Length), token);
        }
    }

    /// <summary>Cuts normalised text into words; the pre-tokenizer may rewrite it on the way.</summary>
    internal void Split(NormalizedText text, List<TextPiece> words)
    {
        words.Clear();
        if (text.Text.Length == 0) return;
        words.Add(new TextPiece(0, text.Text.Length));
        parts.PreTokenizer?.Apply(text, words);
    }

    private void EncodeWords(ReadOnlySpan<char> text, List<TextPiece> words, TokenBuffer output)
    {
        var whole = new TextPiece(0, text.Length);
        if (parts.PreTokenizer is not null) parts.PreTokenizer.Split(text, whole, words);
        else if (text.Length > 0) words.Add(whole);
        foreach (var word in words) parts.Model.Encode(text.Slice(word.Start, word.Length), output);
    }

    private void AddWords(NormalizedText text, List<TextPiece> words, TokenEncoding encoding)
    {
        Split(text, words);
        var alignments = new List<(int Start, int End)>();
        var units = new List<int>();
        foreach (var word in words)
        {
            var output = new TokenBuffer([], []);
            var wordText = text.Text.AsSpan(word.Start, word.Length);
            parts.Model.Encode(wordText, output);
            AlignBytes(text, word, alignments, units);
            for (var i = 0; i < output.Ids.Count; i++)
            {
                // Unknown symbols that were left out have no length: what follows them moves up, as in the reference.
                var (start, end) = output.Ranges![i];
                var token = parts.Model.NameOf(output.Ids[i], wordText[units[start]..units[end]]);
                encoding.Add(output.Ids[i], token, (alignments[start].Start, alignments[end - 1].End));
            }
        }
    }

    // For each UTF-8 byte of the word as the model sees it, and for its end: the alignment, and the UTF-16 unit of the word.
    private void AlignBytes(NormalizedText text, TextPiece word, List<(int Start, int End)> alignments, List<int> units)
    {
        alignments.Clear();
        units.Clear();
        Span<byte> bytes = stackalloc byte[4];
        for (var i = word.Start; i < word.Start + word.Length;)
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(i, word.Start + word.Length - i), out var rune, out var length);
            foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
            {
                for (var n = seesBytes ? ByteAlphabet.EncodedLength(value) : 1; n > 0; n--)
                {
                    alignments.Add(text.AlignmentOf(i));
                    units.Add(i - word.Start);
                }
            }

            i += length;
        }

        units.Add(word.Length);
    }
}
