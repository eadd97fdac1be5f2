using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Models;

/// <summary>A token of a Unigram model.</summary>
/// <param name="Text">The token.</param>
/// <param name="Score">The logarithm of its probability.</param>
internal readonly record struct UnigramPiece(string Text, double Score);

/// <summary>
/// A unigram language model over tokens (Kudo, arXiv:1804.10959): of all ways to put a word together the most probable, found by Viterbi's algorithm.
/// Neighbouring characters that no token has become one unknown token, or the tokens of their bytes.
/// </summary>
internal sealed class UnigramModel : TokenModel
{
    // How much less probable than the least probable token an unknown character is.
    private const double UnknownPenalty = 10;

    // After so many units, what is certain of a long word is written out as soon as no token reaches over the place.
    private const int Stretch = 1024;

    private readonly IReadOnlyList<UnigramPiece> pieces;
    private readonly string[] tokens;
    private readonly double[] scores;
    private readonly Dictionary<string, int> ids = new(StringComparer.Ordinal);
    private readonly HashSet<int> hidden;
    private readonly Lazy<TokenTrie> visible;
    private readonly int unknown;
    private readonly double unknownScore;
    private readonly int[]? idOfByte;

    /// <summary>Builds the model.</summary>
    /// <param name="pieces">The tokens by id.</param>
    /// <param name="unknown">The id of the unknown token.</param>
    /// <param name="byteFallback">Whether unknown characters become the tokens of their bytes, <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>, where there are all.</param>
    /// <exception cref="CoppiceException">There is no such unknown token, or a score is no number.</exception>
    public UnigramModel(IReadOnlyList<UnigramPiece> pieces, int unknown, bool byteFallback)
        : this(pieces, unknown, byteFallback, [])
    {
    }

    private UnigramModel(IReadOnlyList<UnigramPiece> pieces, int unknown, bool byteFallback, IEnumerable<int> hidden)
    {
        if (unknown < 0 || unknown >= pieces.Count)
        {
            throw new CoppiceException(string.Create(CultureInfo.InvariantCulture, $"the unknown token's id {unknown} is outside the vocabulary of {pieces.Count} tokens"));
        }

        this.pieces = pieces;
        this.unknown = unknown;
        tokens = [.. pieces.Select(piece => piece.Text)];
        scores = [.. pieces.Select(piece => piece.Score)];
        for (var id = 0; id < tokens.Length; id++)
        {
            if (!double.IsFinite(scores[id])) throw new CoppiceException($"the score of the token {Quoted.Text(tokens[id])} is no number");
            ids[tokens[id]] = id;
        }

        unknownScore = scores.Min() - UnknownPenalty;
        if (byteFallback) idOfByte = [.. Enumerable.Range(0, 256).Select(value => ids.GetValueOrDefault(SymbolTable.ByteToken(value), TokenTrie.None))];
        // A text that spells the name of a byte is not that byte.
        this.hidden = hidden.Concat(idOfByte ?? []).ToHashSet();
        visible = new(() => new TokenTrie(Visible(tokens, this.hidden)));
    }

    public override IReadOnlyList<string?> Tokens => tokens;

    public override int? TokenToId(string token) => ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>The reference calls an unknown token by the text that it stands for.</summary>
    public override string NameOf(int id, ReadOnlySpan<char> text) => id == unknown ? text.ToString() : tokens[id];

    public override TokenModel Hiding(IEnumerable<int> ids) => new UnigramModel(pieces, unknown, idOfByte is not null, ids);

    public override void Encode(ReadOnlySpan<char> word, TokenBuffer output)
    {
        var nodes = ArrayPool<Node>.Shared.Rent(Math.Min(word.Length, 2 * Stretch) + 1);
        var score = 0.0;
        var unknownStart = -1;
        for (var start = 0; start < word.Length;)
        {
            var end = FindBest(word, start, ref score, ref nodes);
            LinkForward(nodes, end - start);
            for (var at = 0; at < end - start; at = nodes[at].Next)
            {
                var next = nodes[at].Next;
                if (nodes[next].Id == unknown)
                {
                    if (unknownStart < 0) unknownStart = start + at;
                    continue;
                }

                if (unknownStart >= 0) AddUnknown(word[unknownStart..(start + at)], output);
                unknownStart = -1;
                output.Add(nodes[next].Id, output.Ranges is null ? 0 : Encoding.UTF8.GetByteCount(word[(start + at)..(start + next)]));
            }

            start = end;
        }

        if (unknownStart >= 0) AddUnknown(word[unknownStart..], output);
        ArrayPool<Node>.Shared.Return(nodes);
    }

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "Unigram");
        writer.WriteNumber("unk_id", unknown);
        writer.WriteStartArray("vocab");
        foreach (var piece in pieces)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(piece.Text);
            // A score has a point even where it is whole, as in the files of the reference.
            var score = piece.Score.ToString("R", CultureInfo.InvariantCulture);
            writer.WriteRawValue(score.AsSpan().IndexOfAny('.', 'E') < 0 ? score + ".0" : score);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("byte_fallback", idOfByte is not null);
        writer.WriteEndObject();
    }

    // Fills in, for each place after start, the last token of the best way to it, up to a place that every way goes through, and returns that place.
    private int FindBest(ReadOnlySpan<char> word, int start, ref double score, ref Node[] nodes)
    {
        nodes[0] = new Node { Score = score, Start = 0 };
        var trie = visible.Value;
        var reach = start;
        var at = start;
        do
        {
            var length = char.IsHighSurrogate(word[at]) && at + 1 < word.Length ? 2 : 1;
            var here = nodes[at - start].Score;
            var coversCharacter = false;
            var node = TokenTrie.Root;
            for (var i = at; i < word.Length; i++)
            {
                node = trie.Child(node, word[i]);
                if (node == TokenTrie.None) break;
                if (trie.TokenAt(node) is not (>= 0 and var id)) continue;
                Reach(i + 1 - start, start, ref reach, ref nodes);
                Offer(ref nodes[i + 1 - start], here + scores[id], at - start, id);
                coversCharacter |= i + 1 - at == length;
            }

            if (!coversCharacter)
            {
                Reach(at + length - start, start, ref reach, ref nodes);
                Offer(ref nodes[at + length - start], here + unknownScore, at - start, unknown);
            }

            at += length;
        }
        while (at < word.Length && (at < reach || at - start < Stretch));

        score = nodes[at - start].Score;
        return at;
    }

    private static void Reach(int place, int start, ref int reach, ref Node[] nodes)
    {
        if (place >= nodes.Length)
        {
            var larger = ArrayPool<Node>.Shared.Rent(Math.Max(place + 1, 2 * nodes.Length));
            nodes.AsSpan(0, reach - start + 1).CopyTo(larger);
            ArrayPool<Node>.Shared.Return(nodes);
            nodes = larger;
        }

        for (; reach - start < place; reach++) nodes[reach - start + 1].Start = TokenTrie.None;
    }

    // Of equally good ways the one that was found first stays.
    private static void Offer(ref Node node, double score, int start, int id)
    {
        if (node.Start != TokenTrie.None && score <= node.Score) return;
        node.Score = score;
        node.Start = start;
        node.Id = id;
    }

    private static void LinkForward(Node[] nodes, int end)
    {
        while (end > 0)
        {
            var start = nodes[end].Start;
            nodes[start].Next = end;
            end = start;
        }
    }

    private void AddUnknown(ReadOnlySpan<char> text, TokenBuffer output)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        // Characters that are unknown one by one may be a token together, and the unknown token's own name may stand in the text.
        if (ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var id) && !hidden.Contains(id))
        {
            output.Add(id, length);
            return;
        }

        if (idOfByte is not null && TryBytes(text, length, output)) return;
        output.UnknownCount += CountCharacters(text);
        output.Add(unknown, length);
    }

    private bool TryBytes(ReadOnlySpan<char> text, int length, TokenBuffer output)
    {
        var bytes = new byte[length];
        Encoding.UTF8.GetBytes(text, bytes);
        var byteIds = Array.ConvertAll(bytes, value => idOfByte![value]);
        if (byteIds.Contains(TokenTrie.None)) return false;
        output.AddShared(byteIds, length);
        return true;
    }

    private struct Node
    {
        // The probability of the best way here, the token that it ends with and where that starts; on the best way of all, where the next one ends.
        public double Score;
        public int Start;
        public int Id;
        public int Next;
    }
}
