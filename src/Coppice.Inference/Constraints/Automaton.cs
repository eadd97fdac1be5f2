using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// A grammar as nodes between which bytes lead. A node may also lead on without a byte, or into another rule, which comes back to a node when it ends: together
/// with what it comes back to, a node is a pushdown automaton's state. From every node an end can be reached.
/// </summary>
[Technique("regex-automaton", Title = "Regular Expression Search Algorithm", Paper = "doi:10.1145/363347.363387")]
internal sealed class Automaton
{
    private readonly List<Node> _nodes;
    private readonly byte[] _classes = new byte[256];

    /// <summary>An automaton.</summary>
    /// <param name="nodes">The nodes, complete.</param>
    /// <param name="start">Where a text begins.</param>
    internal Automaton(List<Node> nodes, int start)
    {
        (_nodes, Start) = (nodes, start);
        // Bytes that no edge tells apart are one class: tables of transitions are shorter by that much.
        var begins = new bool[257];
        foreach (var edge in nodes.SelectMany(node => node.Edges)) begins[edge.First] = begins[edge.Last + 1] = true;
        for (var value = 1; value < 256; value++) _classes[value] = (byte)(_classes[value - 1] + (begins[value] ? 1 : 0));
    }

    /// <summary>Where a text begins.</summary>
    public int Start { get; }

    /// <summary>How many classes of bytes there are.</summary>
    public int Classes => _classes[255] + 1;

    /// <summary>A node.</summary>
    /// <param name="node">Its number.</param>
    public Node this[int node] => _nodes[node];

    /// <summary>The class of a byte.</summary>
    /// <param name="value">The byte.</param>
    public byte ClassOf(byte value) => _classes[value];

    /// <summary>Bytes that lead to another node.</summary>
    internal readonly record struct Edge(byte First, byte Last, int Target);

    /// <summary>A rule that begins here, and where it comes back to.</summary>
    internal readonly record struct Call(int Start, int Return);

    /// <summary>A place in a rule.</summary>
    internal sealed class Node
    {
        public List<Edge> Edges { get; } = [];

        /// <summary>Nodes that are reached without a byte.</summary>
        public List<int> Silent { get; } = [];

        public List<Call> Calls { get; } = [];

        /// <summary>Whether the rule may end here.</summary>
        public bool EndsRule { get; set; }

        /// <summary>Whether it must: nothing else can follow in this rule.</summary>
        public bool OnlyEnds => EndsRule && Edges.Count == 0 && Silent.Count == 0 && Calls.Count == 0;
    }
}
