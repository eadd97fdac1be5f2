using System.Numerics;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// Proposes after each token what was most probable after it when the model last read it anywhere, in rejected proposals too: the most probable token and so on from
/// there, or a tree of the eight most probable ones. What it has learnt stays from text to text.
/// </summary>
/// <remarks>
/// The paper's tree has 80 tokens in six levels, for processors to which so many rows are as one. Here the size is what is asked for, and the tree of a size has the
/// tokens that are likeliest to come true, by how often those of each rank do (<see cref="Shares"/>).
/// </remarks>
[Technique("token-recycling", Title = "Turning Trash into Treasure: Accelerating Inference of Large Language Models with Token Recycling", Paper = "arXiv:2408.08696")]
public sealed class TokenRecycling : IDraftSource
{
    private const int None = -1;

    // How often the token of each rank comes true, where the tokens before it have: measured on small models of stories and of documentation.
    private static readonly double[] Shares = [0.45, 0.09, 0.05, 0.04, 0.03, 0.025, 0.02, 0.015];

    // The likeliest tree of each size is the beginning of this one.
    private static readonly (int Parent, int Rank)[] Tree = Grow(AttentionLayout.MostTreeQueries - 1);

    private readonly int _ranks;
    private readonly int[] _places = new int[Tree.Length];
    private readonly float[] _best;

    // For each token those that may follow, the most probable first: [vocabulary, ranks].
    private int[] _followers = [];
    private int _last;

    /// <summary>A source that has learnt nothing yet.</summary>
    /// <param name="trees">Whether it proposes trees.</param>
    public TokenRecycling(bool trees = false)
    {
        Branches = trees;
        _ranks = trees ? Shares.Length : 1;
        _best = new float[_ranks];
    }

    /// <inheritdoc/>
    public bool Branches { get; }

    /// <inheritdoc/>
    public void Begin(ReadOnlySpan<int> prompt, GenerationOptions options) => _last = prompt[^1];

    /// <inheritdoc/>
    public void Accept(int token) => _last = token;

    /// <inheritdoc/>
    public void Observe(int token, ReadOnlySpan<float> logits)
    {
        if (_followers.Length < logits.Length * _ranks)
        {
            _followers = new int[logits.Length * _ranks];
            Array.Fill(_followers, None);
        }

        FindMostProbable(logits, FollowersOf(token), _best);
    }

    /// <inheritdoc/>
    public int Propose(Span<int> draft)
    {
        var token = _last;
        for (var i = 0; i < draft.Length; i++)
        {
            token = Follower(token, rank: 0);
            if (token == None) return i;
            draft[i] = token;
        }

        return draft.Length;
    }

    /// <inheritdoc/>
    public int Propose(Span<int> draft, Span<int> parents)
    {
        var count = 0;
        for (var node = 0; node < Tree.Length && count < draft.Length; node++)
        {
            var (parent, rank) = Tree[node];
            var place = parent == None ? None : _places[parent];
            var token = parent != None && place == None ? None : Follower(place == None ? _last : draft[place], rank);
            _places[node] = token == None ? None : count;
            if (token != None) (draft[count], parents[count++]) = (token, place);
        }

        return count;
    }

    private int Follower(int token, int rank) => _followers.Length == 0 ? None : FollowersOf(token)[rank];

    private Span<int> FollowersOf(int token) => _followers.AsSpan(token * _ranks, _ranks);

    /// <summary>The tokens with the largest logits, the largest first; of equal ones the first.</summary>
    private static void FindMostProbable(ReadOnlySpan<float> logits, Span<int> tokens, Span<float> best)
    {
        tokens.Fill(None);
        best.Fill(float.NegativeInfinity);
        var lowest = new Vector<float>(float.NegativeInfinity);
        for (var start = 0; start < logits.Length; start += Vector<float>.Count)
        {
            var end = Math.Min(start + Vector<float>.Count, logits.Length);
            if (end - start == Vector<float>.Count && !Vector.GreaterThanAny(new Vector<float>(logits[start..]), lowest)) continue;
            for (var token = start; token < end; token++)
            {
                var rank = best.Length;
                while (rank > 0 && logits[token] > best[rank - 1]) rank--;
                if (rank == best.Length) continue;
                best[rank..^1].CopyTo(best[(rank + 1)..]);
                tokens[rank..^1].CopyTo(tokens[(rank + 1)..]);
                (best[rank], tokens[rank]) = (logits[token], token);
            }

            lowest = new Vector<float>(best[^1]);
        }
    }

    /// <summary>Adds the likeliest place again and again: below one that is there, or beside it with the next rank.</summary>
    private static (int Parent, int Rank)[] Grow(int size)
    {
        var tree = new (int Parent, int Rank)[size];
        var open = new PriorityQueue<(int Parent, int Rank, double Before), (double, int)>();
        var found = 0;
        Add(None, 0, 1);
        for (var node = 0; node < size; node++)
        {
            var (parent, rank, before) = open.Dequeue();
            tree[node] = (parent, rank);
            Add(node, 0, before * Shares[rank]);
            if (rank + 1 < Shares.Length) Add(parent, rank + 1, before);
        }

        return tree;

        // Of equally likely ones the one that was found first.
        void Add(int parent, int rank, double before) => open.Enqueue((parent, rank, before), (-before * Shares[rank], found++));
    }
}
