using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>All ways to put a word together of pieces. Not thread-safe: one per thread, over pieces that they share.</summary>
internal sealed class UnigramLattice
{
    // As in SentencePiece: what a character that is no piece costs, besides the cost of the least probable piece.
    private const double UnknownPenalty = 10;
    private const int Unknown = -1;
    private readonly TokenTrie trie;
    private readonly double[] scores;
    private readonly double unknownScore;
    private readonly List<Arc> arcs = [];
    private double[] forward = new double[64];
    private double[] backward = new double[64];
    private int[] bestArc = new int[64];

    /// <summary>Prepares the pieces.</summary>
    public UnigramLattice(List<UnigramPiece> pieces)
    {
        trie = new TokenTrie(pieces.ConvertAll(piece => (string?)piece.Text));
        scores = [.. pieces.Select(piece => piece.Score)];
        unknownScore = (scores.Length == 0 ? 0 : scores.Min()) - UnknownPenalty;
    }

    /// <summary>Another one over the same pieces.</summary>
    public UnigramLattice(UnigramLattice other) => (trie, scores, unknownScore) = (other.trie, other.scores, other.unknownScore);

    /// <summary>Adds how often each piece is expected in a word: over all ways, by their probability.</summary>
    /// <param name="word">The word.</param>
    /// <param name="count">How often it occurs.</param>
    /// <param name="expected">Where it is added, by piece.</param>
    public void AddExpected(string word, double count, double[] expected)
    {
        FindArcs(word, except: Unknown);
        Array.Fill(forward, double.NegativeInfinity, 0, word.Length + 1);
        Array.Fill(backward, double.NegativeInfinity, 0, word.Length + 1);
        forward[0] = 0;
        backward[word.Length] = 0;
        foreach (var arc in arcs) forward[arc.End] = LogAdd(forward[arc.End], forward[arc.Start] + arc.Score);
        for (var i = arcs.Count - 1; i >= 0; i--) backward[arcs[i].Start] = LogAdd(backward[arcs[i].Start], backward[arcs[i].End] + arcs[i].Score);
        foreach (var arc in arcs)
        {
            if (arc.Piece != Unknown) expected[arc.Piece] += count * Math.Exp(forward[arc.Start] + arc.Score + backward[arc.End] - forward[word.Length]);
        }
    }

    /// <summary>Adds how often each piece is in the most probable way to put a word together.</summary>
    public void AddBest(string word, double count, double[] frequency)
    {
        FindArcs(word, except: Unknown);
        FindBest(word.Length);
        for (var end = word.Length; end > 0; end = arcs[bestArc[end]].Start)
        {
            if (arcs[bestArc[end]].Piece is var piece and not Unknown) frequency[piece] += count;
        }
    }

    /// <summary>How a piece would be put together if there weren't it.</summary>
    /// <param name="text">The piece.</param>
    /// <param name="piece">Its number.</param>
    /// <param name="alternative">The pieces that it would be put together of.</param>
    /// <param name="isBest">Whether the piece itself is at least as probable as those.</param>
    /// <returns>Whether other pieces give it at all.</returns>
    public bool FindAlternative(string text, int piece, List<int> alternative, out bool isBest)
    {
        alternative.Clear();
        isBest = true;
        FindArcs(text, except: piece);
        FindBest(text.Length);
        for (var end = text.Length; end > 0; end = arcs[bestArc[end]].Start)
        {
            if (arcs[bestArc[end]].Piece == Unknown) return false;
            alternative.Add(arcs[bestArc[end]].Piece);
        }

        isBest = scores[piece] >= forward[text.Length];
        return true;
    }

    private void FindArcs(string word, int except)
    {
        arcs.Clear();
        if (forward.Length <= word.Length)
        {
            forward = new double[2 * word.Length];
            backward = new double[2 * word.Length];
            bestArc = new int[2 * word.Length];
        }

        for (var start = 0; start < word.Length;)
        {
            var length = char.IsSurrogatePair(word, start) ? 2 : 1;
            var coversCharacter = false;
            var node = TokenTrie.Root;
            for (var i = start; i < word.Length; i++)
            {
                node = trie.Child(node, word[i]);
                if (node == TokenTrie.None) break;
                if (trie.TokenAt(node) is not (>= 0 and var piece) || piece == except) continue;
                arcs.Add(new Arc(start, i + 1, piece, scores[piece]));
                coversCharacter |= i + 1 - start == length;
            }

            if (!coversCharacter) arcs.Add(new Arc(start, start + length, Unknown, unknownScore));
            start += length;
        }
    }

    // Arcs are in the order of their starts, so all ways to a start are known before it is left.
    private void FindBest(int length)
    {
        Array.Fill(forward, double.NegativeInfinity, 0, length + 1);
        forward[0] = 0;
        for (var i = 0; i < arcs.Count; i++)
        {
            var score = forward[arcs[i].Start] + arcs[i].Score;
            if (score <= forward[arcs[i].End]) continue;
            forward[arcs[i].End] = score;
            bestArc[arcs[i].End] = i;
        }
    }

    private static double LogAdd(double a, double b)
    {
        var (less, more) = a < b ? (a, b) : (b, a);
        return double.IsNegativeInfinity(less) ? more : more + Math.Log(1 + Math.Exp(less - more));
    }

    private readonly record struct Arc(int Start, int End, int Piece, double Score);
}
