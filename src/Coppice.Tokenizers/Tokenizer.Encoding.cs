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

        foreach (var (part, token) in Prepare(text.ToString()))
        {
            if (token is not null) output.Add(token.Id, 0);
            else EncodeWords(part, words, output);
        }
    }

    /// <summary>What becomes words of a text: its parts around added tokens, normalised. Special tokens written in it are plain text.</summary>
    /// <param name="text">The text.</param>
    internal IEnumerable<(string Text, AddedToken? Token)> Prepare(string text)
    {
        foreach (var (piece, token) in Pieces(text, specialIsPlainText: true))
        {
            if (token is not null)
            {
                yield return ("", token);
                continue;
            }

            var original = NormalizedText.From(text.Substring(piece.Start, piece.Length), 0, trackOffsets: false);
            foreach (var (normalized, inner) in Normalize(original, specialIsPlainText: true)) yield return (normalized.Text, inner);
        }
    }

    private bool AddsPrefixSpace => parts.PreTokenizer?.AddsPrefixSpace ?? false;

    private List<(TextPiece Piece, AddedToken? Token)> Pieces(string text, bool specialIsPlainText) =>
        rawMatcher?.Split(text, specialIsPlainText) ?? [(new TextPiece(0, text.Length), null)];

    // Normalises one piece of text and cuts it at the added tokens that are looked for in normalised text.
    private IEnumerable<(NormalizedText Text, AddedToken? Token)> Normalize(NormalizedText text, bool specialIsPlainText)
    {
        parts.Normalizer?.Apply(text);
        foreach (var (piece, token) in normalizedMatcher?.Split(text.Text, specialIsPlainText) ?? [(new TextPiece(0, text.Text.Length), null)])
        {
            var part = text.Slice(piece.Start, piece.Length);
            if (token is null && AddsPrefixSpace && !part.Text.StartsWith(' ')) part.Prepend(" ");
            yield return (part, token);
        }
    }

    private void Split(ReadOnlySpan<char> text, List<TextPiece> words)
    {
        words.Clear();
        var whole = new TextPiece(0, text.Length);
        if (parts.PreTokenizer is not null) parts.PreTokenizer.Split(text, whole, words);
        else if (text.Length > 0) words.Add(whole);
    }

    private void EncodeWords(ReadOnlySpan<char> text, List<TextPiece> words, TokenBuffer output)
    {
        Split(text, words);
        foreach (var word in words) parts.Model.Encode(text.Slice(word.Start, word.Length), output);
    }

    private void AddWords(NormalizedText text, List<TextPiece> words, TokenEncoding encoding)
    {
        Split(text.Text, words);
        var alignments = new List<(int Start, int End)>();
        foreach (var word in words)
        {
            var output = new TokenBuffer([], []);
            parts.Model.Encode(text.Text.AsSpan(word.Start, word.Length), output);
            AlignBytes(text, word, alignments);
            // Unknown symbols that were left out have no length: what follows them moves up, as in the reference.
            var position = 0;
            for (var i = 0; i < output.Ids.Count; i++)
            {
                var end = position + output.Lengths![i];
                encoding.Add(output.Ids[i], tokens[output.Ids[i]]!, (alignments[position].Start, alignments[end - 1].End));
                position = end;
            }
        }
    }

    // One alignment for each UTF-8 byte of the word as the model sees it.
    private void AlignBytes(NormalizedText text, TextPiece word, List<(int Start, int End)> alignments)
    {
        alignments.Clear();
        var byteLevel = parts.PreTokenizer?.IsByteLevel ?? false;
        Span<byte> bytes = stackalloc byte[4];
        for (var i = word.Start; i < word.Start + word.Length;)
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(i, word.Start + word.Length - i), out var rune, out var units);
            var length = rune.EncodeToUtf8(bytes);
            foreach (var value in bytes[..length])
            {
                for (var n = byteLevel ? ByteAlphabet.EncodedLength(value) : 1; n > 0; n--) alignments.Add(text.AlignmentOf(i));
            }

            i += units;
        }
    }
}
