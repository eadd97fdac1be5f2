using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>Follows a grammar byte by byte. States are made when they are first reached and remembered with where they lead. Not thread-safe.</summary>
internal sealed class GrammarStates
{
    // An ambiguous grammar can be read in ever more ways at once.
    private const int MostPlaces = 2000;

    // What is remembered is forgotten beyond this; states in use go on.
    private const int MostStates = 20_000;

    // Where no text leads.
    private static readonly GrammarState Nowhere = new([], isEnd: false, leavesRule: false, classes: 0);

    private readonly Automaton _automaton;
    private readonly Dictionary<Place, Frame> _frames = [];
    private readonly Dictionary<(Place[] Places, bool IsEnd, bool LeavesRule), GrammarState> _states = new(new SamePlaces());
    private readonly Stack<Place> _pending = [];
    private readonly HashSet<Place> _reached = [];
    private readonly List<Place> _open = [];
    private long _lastFrame = Frame.Unknown.Number;

    /// <summary>Begins to follow a grammar.</summary>
    /// <param name="automaton">The grammar.</param>
    public GrammarStates(Automaton automaton)
    {
        _automaton = automaton;
        _pending.Push(new Place(automaton.Start, Frame.End));
        Start = Reach();
    }

    /// <summary>The beginning of a text.</summary>
    public GrammarState Start { get; }

    /// <summary>The state of a place in a rule of which it is not known how it was reached.</summary>
    /// <param name="node">A node that has edges; nothing is followed that doesn't begin with one of them.</param>
    public GrammarState Alone(int node) => Remembered([new Place(node, Frame.Unknown)], isEnd: false, leavesRule: false);

    /// <summary>Where a byte leads; null where it may not come next.</summary>
    /// <param name="state">The state.</param>
    /// <param name="value">The byte.</param>
    /// <exception cref="CoppiceException">The grammar can be read in too many ways at once.</exception>
    public GrammarState? After(GrammarState state, byte value)
    {
        var byteClass = _automaton.ClassOf(value);
        var next = state.Followers[byteClass] ??= Follow(state, value);
        return ReferenceEquals(next, Nowhere) ? null : next;
    }

    private GrammarState Follow(GrammarState state, byte value)
    {
        foreach (var (node, frame) in state.Places)
        {
            foreach (var edge in _automaton[node].Edges)
            {
                if (edge.First <= value && value <= edge.Last) _pending.Push(new Place(edge.Target, frame));
            }
        }

        return _pending.Count == 0 ? Nowhere : Reach();
    }

    /// <summary>The state of all that is reached from the pending places without a byte.</summary>
    private GrammarState Reach()
    {
        var (isEnd, leavesRule) = (false, false);
        _reached.Clear();
        _open.Clear();
        while (_pending.TryPop(out var place))
        {
            if (!_reached.Add(place)) continue;
            if (_reached.Count > MostPlaces)
            {
                _pending.Clear();
                throw CoppiceException.Usage("grammar: it can be read in too many ways at once; make its alternatives begin differently");
            }

            var (node, frame) = (_automaton[place.Node], place.Frame);
            if (node.Edges.Count > 0) _open.Add(place);
            foreach (var target in node.Silent) _pending.Push(new Place(target, frame));
            // A rule that ends with another one need not be come back to: repetition by recursion takes no more memory than a loop.
            foreach (var call in node.Calls) _pending.Push(new Place(call.Start, _automaton[call.Return].OnlyEnds ? frame : FrameOf(new Place(call.Return, frame))));
            if (!node.EndsRule) continue;
            isEnd |= ReferenceEquals(frame, Frame.End);
            leavesRule |= ReferenceEquals(frame, Frame.Unknown);
            if (frame.Parent is { } parent) _pending.Push(new Place(frame.Node, parent));
        }

        _open.Sort((a, b) => a.Node != b.Node ? a.Node.CompareTo(b.Node) : a.Frame.Number.CompareTo(b.Frame.Number));
        return Remembered([.. _open], isEnd, leavesRule);
    }

    private GrammarState Remembered(Place[] places, bool isEnd, bool leavesRule)
    {
        var key = (places, isEnd, leavesRule);
        if (_states.TryGetValue(key, out var state)) return state;
        if (_states.Count == MostStates)
        {
            _states.Clear();
            _frames.Clear();
        }

        return _states[key] = new GrammarState(places, isEnd, leavesRule, _automaton.Classes);
    }

    private Frame FrameOf(Place back)
    {
        if (!_frames.TryGetValue(back, out var frame)) _frames[back] = frame = new Frame(back.Node, back.Frame, ++_lastFrame);
        return frame;
    }

    private sealed class SamePlaces : IEqualityComparer<(Place[] Places, bool IsEnd, bool LeavesRule)>
    {
        public bool Equals((Place[] Places, bool IsEnd, bool LeavesRule) a, (Place[] Places, bool IsEnd, bool LeavesRule) b) =>
            a.IsEnd == b.IsEnd && a.LeavesRule == b.LeavesRule && a.Places.AsSpan().SequenceEqual(b.Places);

        public int GetHashCode((Place[] Places, bool IsEnd, bool LeavesRule) key)
        {
            var hash = new HashCode();
            foreach (var place in key.Places) hash.Add(place);
            return hash.ToHashCode();
        }
    }
}
