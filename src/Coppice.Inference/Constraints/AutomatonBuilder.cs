using System.Text;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>Makes the automaton of a grammar (Thompson's construction, over bytes). Rules that are short and not recursive are written out where they are named.</summary>
internal sealed class AutomatonBuilder
{
    /// <summary>The most nodes.</summary>
    public const int MostNodes = 100_000;

    // How deep short rules may name each other.
    private const int DeepestShortRule = 8;

    // A rule of its own is entered and left at every use, and a token that goes on behind its end depends on what comes there: not worth it for a space or a digit.
    private const int ShortRule = 24;

    private readonly Grammar _grammar;
    private readonly List<Automaton.Node> _nodes = [];
    private readonly Dictionary<string, int> _starts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _sizes;
    private readonly Queue<string> _unbuilt = [];

    private AutomatonBuilder(Grammar grammar)
    {
        _grammar = grammar;
        // Recursive rules keep the size that they begin with.
        _sizes = grammar.Rules.Keys.ToDictionary(name => name, _ => MostNodes, StringComparer.Ordinal);
        for (var depth = 0; depth < DeepestShortRule; depth++)
        {
            foreach (var (name, pattern) in grammar.Rules) _sizes[name] = SizeOf(pattern);
        }
    }

    /// <summary>Makes the automaton.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <exception cref="CoppiceException">The grammar can't be followed from left to right, or is too large.</exception>
    public static Automaton Build(Grammar grammar)
    {
        GrammarCheck.Check(grammar);
        var builder = new AutomatonBuilder(grammar);
        var start = builder.StartOf(grammar.Start);
        while (builder._unbuilt.TryDequeue(out var name))
        {
            var end = builder.NewNode();
            builder._nodes[end].EndsRule = true;
            builder.Connect(grammar.Rules[name], builder._starts[name], end);
        }

        return new Automaton(builder._nodes, start);
    }

    private int NewNode()
    {
        if (_nodes.Count == MostNodes) throw CoppiceException.Usage($"grammar: it takes more than {MostNodes} states; ask for shorter repetitions or fewer alternatives");
        _nodes.Add(new Automaton.Node());
        return _nodes.Count - 1;
    }

    private int StartOf(string rule)
    {
        if (_starts.TryGetValue(rule, out var start)) return start;
        _unbuilt.Enqueue(rule);
        return _starts[rule] = NewNode();
    }

    /// <summary>Leads from one node to another by a pattern.</summary>
    private void Connect(Pattern pattern, int from, int to)
    {
        switch (pattern)
        {
            case Pattern.Literal literal:
                ConnectBytes(Encoding.UTF8.GetBytes(literal.Text), from, to);
                break;
            case Pattern.Characters characters:
                ConnectCharacters(characters.Set, from, to);
                break;
            case Pattern.Sequence sequence:
                ConnectSequence(sequence.Parts, from, to);
                break;
            case Pattern.Choice choice:
                foreach (var alternative in choice.Alternatives) Connect(alternative, from, to);
                break;
            case Pattern.Repeat repeat:
                ConnectRepeat(repeat, from, to);
                break;
            case Pattern.Rule rule when SizeOf(rule) <= ShortRule:
                Connect(_grammar.Rules[rule.Name], from, to);
                break;
            case Pattern.Rule rule:
                _nodes[from].Calls.Add(new Automaton.Call(StartOf(rule.Name), to));
                break;
        }
    }

    private void ConnectSequence(IReadOnlyList<Pattern> parts, int from, int to)
    {
        if (parts.Count == 0) _nodes[from].Silent.Add(to);
        for (var i = 0; i < parts.Count; i++)
        {
            var next = i + 1 == parts.Count ? to : NewNode();
            Connect(parts[i], from, next);
            from = next;
        }
    }

    private void ConnectBytes(byte[] bytes, int from, int to)
    {
        if (bytes.Length == 0) _nodes[from].Silent.Add(to);
        for (var i = 0; i < bytes.Length; i++)
        {
            var next = i + 1 == bytes.Length ? to : NewNode();
            _nodes[from].Edges.Add(new Automaton.Edge(bytes[i], bytes[i], next));
            from = next;
        }
    }

    private void ConnectCharacters(CodePoints set, int from, int to)
    {
        // Sequences that end alike share the nodes of their ends.
        var ends = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var sequence in Utf8Ranges.Of(set))
        {
            var (target, end) = (to, "");
            for (var i = sequence.Length - 1; i > 0; i--)
            {
                end += $"{(char)sequence[i].First}{(char)sequence[i].Last}";
                if (!ends.TryGetValue(end, out var node))
                {
                    ends[end] = node = NewNode();
                    _nodes[node].Edges.Add(new Automaton.Edge(sequence[i].First, sequence[i].Last, target));
                }

                target = node;
            }

            _nodes[from].Edges.Add(new Automaton.Edge(sequence[0].First, sequence[0].Last, target));
        }
    }

    private void ConnectRepeat(Pattern.Repeat repeat, int from, int to)
    {
        for (var i = 0; i < repeat.Least; i++)
        {
            var next = i + 1 == repeat.Most ? to : NewNode();
            Connect(repeat.Part, from, next);
            from = next;
        }

        if (repeat.Most is null)
        {
            var (again, done) = (NewNode(), NewNode());
            _nodes[from].Silent.Add(again);
            Connect(repeat.Part, again, done);
            _nodes[done].Silent.Add(again);
            _nodes[again].Silent.Add(to);
            return;
        }

        if (repeat.Most == 0) _nodes[from].Silent.Add(to);
        for (var i = repeat.Least; i < repeat.Most; i++)
        {
            var next = i + 1 == repeat.Most ? to : NewNode();
            _nodes[from].Silent.Add(to);
            Connect(repeat.Part, from, next);
            from = next;
        }
    }

    /// <summary>About how many edges a pattern takes, rules written out; the most nodes where it is recursive.</summary>
    private int SizeOf(Pattern pattern)
    {
        var size = pattern switch
        {
            Pattern.Literal literal => literal.Text.Length,
            Pattern.Characters characters => characters.Set.Ranges.Count,
            Pattern.Sequence sequence => sequence.Parts.Sum(part => (long)SizeOf(part)),
            Pattern.Choice choice => choice.Alternatives.Sum(part => (long)SizeOf(part)),
            Pattern.Repeat repeat => (long)Math.Max(1, repeat.Most ?? repeat.Least) * SizeOf(repeat.Part),
            Pattern.Rule rule => _sizes[rule.Name],
            _ => throw new InvalidOperationException($"{pattern.GetType()} is no pattern."),
        };
        return (int)Math.Min(size, MostNodes);
    }
}
