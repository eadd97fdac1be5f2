namespace Coppice.Tokenizers.Jinja;

/// <summary>The variable <c>loop</c>: where a loop is.</summary>
/// <param name="items">What it goes over.</param>
internal sealed class JinjaLoop(IReadOnlyList<object?> items)
{
    /// <summary>The variable's name.</summary>
    public const string Name = "loop";

    private object? _seen;
    private bool _hasSeen;

    /// <summary>The item that it is at, from 0.</summary>
    public int Place { get; set; }

    /// <summary>An attribute.</summary>
    public object? Attribute(JinjaRuntime runtime, string name) => name switch
    {
        "index" => Place + 1L,
        "index0" => (long)Place,
        "revindex" => (long)items.Count - Place,
        "revindex0" => items.Count - Place - 1L,
        "first" => Place == 0,
        "last" => Place == items.Count - 1,
        "length" => (long)items.Count,
        // Only recursive loops have a depth.
        "depth" => 1L,
        "depth0" => 0L,
        "previtem" => Place > 0 ? items[Place - 1] : new JinjaUndefined("the item before the first"),
        "nextitem" => Place + 1 < items.Count ? items[Place + 1] : new JinjaUndefined("the item after the last"),
        "cycle" => new JinjaFunction(name, (caller, arguments) =>
            arguments.Positional is { Count: > 0 } values ? values[Place % values.Count] : throw caller.Error("loop.cycle needs values")),
        "changed" => new JinjaFunction(name, (caller, arguments) => Changed(caller, new JinjaList(arguments.Positional))),
        _ => throw runtime.Error($"loop.{name} is not supported"),
    };

    private bool Changed(JinjaRuntime runtime, JinjaList values)
    {
        var changed = !_hasSeen || !JinjaValue.AreEqual(runtime, _seen, values);
        (_seen, _hasSeen) = (values, true);
        return changed;
    }
}
