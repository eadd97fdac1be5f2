namespace Coppice.Tokenizers.Jinja;

/// <summary>What a function, filter or test is given.</summary>
/// <param name="Positional">The arguments without a name.</param>
/// <param name="Named">Those with a name.</param>
internal sealed record JinjaArguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>Stands for an argument that was not given.</summary>
    public static JinjaUndefined Missing { get; } = new("an argument");

    /// <summary>No arguments.</summary>
    public static JinjaArguments None { get; } = new([], new Dictionary<string, object?>());

    /// <summary>The arguments without the first.</summary>
    public JinjaArguments WithoutFirst() => this with { Positional = [.. Positional.Skip(1)] };

    /// <summary>The arguments in the order of their names, undefined where one is missing.</summary>
    /// <param name="runtime">The rendering.</param>
    /// <param name="function">What they are given to, for messages.</param>
    /// <param name="names">The names.</param>
    public object?[] Bind(JinjaRuntime runtime, string function, params string[] names)
    {
        if (Positional.Count > names.Length) throw runtime.Error($"{function} takes {names.Length} arguments at the most, not {Positional.Count}");
        var bound = new object?[names.Length];
        for (var i = 0; i < names.Length; i++) bound[i] = i < Positional.Count ? Positional[i] : Missing;
        foreach (var (name, value) in Named)
        {
            var place = Array.IndexOf(names, name);
            if (place < 0) throw runtime.Error($"{function} has no argument '{name}' that is supported");
            if (place < Positional.Count) throw runtime.Error($"{function} is given '{name}' twice");
            bound[place] = value;
        }

        return bound;
    }
}
