using System.Text;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Jinja;

/// <summary>
/// A rendering: its variables, what was written, and what may still be done. A template is a program from elsewhere, so that its steps, the characters that
/// it makes and the depth of its calls are bounded.
/// </summary>
internal sealed class JinjaRuntime
{
    // Templates of published models take a few hundred steps a message.
    private const long MostSteps = 5_000_000;
    private const int MostCharacters = 16 << 20;
    private const int DeepestCall = 500;

    // A step may look at every character of a text: so long ones count as more than one.
    private const int CharactersPerStep = 64;

    private readonly string _name;
    private readonly List<(int Start, int End)> _generated = [];
    private long _steps;
    private int _depth;
    private int _captures;
    private int _line = 1;

    /// <summary>A rendering.</summary>
    /// <param name="name">The template's name, for messages.</param>
    /// <param name="variables">What the template is given.</param>
    /// <param name="now">The time that <c>strftime_now</c> tells.</param>
    public JinjaRuntime(string name, IReadOnlyDictionary<string, object?> variables, DateTimeOffset now)
    {
        (_name, Now) = (name, now);
        foreach (var (key, value) in JinjaGlobals.All) Scope.Set(key, value);
        foreach (var (key, value) in variables) Scope.Set(key, value);
    }

    /// <summary>The time.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>What names mean here.</summary>
    public JinjaScope Scope { get; private set; } = new(null);

    /// <summary>What was written.</summary>
    public StringBuilder Output { get; private set; } = new();

    /// <summary>The ranges of the output that are marked as the assistant's, in UTF-16 units.</summary>
    public IReadOnlyList<(int Start, int End)> Generated => _generated;

    /// <summary>An error of a template.</summary>
    /// <param name="name">The template's name.</param>
    /// <param name="line">The line.</param>
    /// <param name="what">What was wrong.</param>
    public static CoppiceException Error(string name, int line, string what) => new($"{name}, line {line}: {what}");

    /// <summary>An error at the place that is being computed.</summary>
    public CoppiceException Error(string what) => Error(_name, _line, what);

    /// <summary>A refusal by the template itself: the conversation is not of the form that the model knows.</summary>
    public CoppiceException Refusal(string what) => CoppiceException.Usage($"{_name}, line {_line}: the chat template refuses the conversation: {what}");

    /// <summary>The value of an expression.</summary>
    public object? Evaluate(JinjaExpression expression)
    {
        Enter(expression.Line);
        var value = expression.Evaluate(this);
        if (value is string text) Count(text.Length / CharactersPerStep);
        _depth--;
        _line = expression.Line;
        return value;
    }

    /// <summary>Runs statements.</summary>
    public JinjaFlow Execute(IReadOnlyList<JinjaStatement> statements)
    {
        foreach (var statement in statements)
        {
            Enter(statement.Line);
            var flow = statement.Execute(this);
            _depth--;
            if (flow != JinjaFlow.Next) return flow;
        }

        return JinjaFlow.Next;
    }

    /// <summary>Runs statements in a scope of their own.</summary>
    public JinjaFlow ExecuteInside(JinjaScope scope, IReadOnlyList<JinjaStatement> statements)
    {
        var outer = Scope;
        Scope = scope;
        var flow = Execute(statements);
        Scope = outer;
        return flow;
    }

    /// <summary>The value of an expression in a scope of its own.</summary>
    public object? EvaluateInside(JinjaScope scope, JinjaExpression expression)
    {
        var outer = Scope;
        Scope = scope;
        var value = Evaluate(expression);
        Scope = outer;
        return value;
    }

    /// <summary>What statements write, instead of writing it.</summary>
    public string Capture(JinjaScope scope, IReadOnlyList<JinjaStatement> statements)
    {
        var outer = Output;
        Output = new StringBuilder();
        _captures++;
        ExecuteInside(scope, statements);
        _captures--;
        var text = Output.ToString();
        Output = outer;
        return text;
    }

    /// <summary>Writes text.</summary>
    public void Write(string text)
    {
        CheckLength((long)Output.Length + text.Length);
        Count(text.Length / CharactersPerStep);
        Output.Append(text);
    }

    /// <summary>Marks what was written since as the assistant's.</summary>
    /// <param name="start">The output's length before.</param>
    public void MarkGenerated(int start)
    {
        if (_captures > 0) throw Error("a generation block inside a macro or a set block is not supported");
        _generated.Add((start, Output.Length));
    }

    /// <summary>Counts steps.</summary>
    public void Count(long steps = 1)
    {
        _steps += steps;
        if (_steps > MostSteps) throw Error($"the template takes more than {MostSteps} steps; is it a loop without an end?");
    }

    /// <summary>Refuses a text or list that is too long before it is made, and counts the steps that it takes to make it.</summary>
    /// <param name="length">Its characters or items.</param>
    public void Allocate(long length)
    {
        CheckLength(length);
        Count(length / CharactersPerStep);
    }

    /// <summary>Refuses a text or list that is too long.</summary>
    /// <param name="length">Its characters or items.</param>
    public void CheckLength(long length)
    {
        if (length > MostCharacters) throw Error($"the template makes a text of more than {MostCharacters} characters");
    }

    private void Enter(int line)
    {
        Count();
        _line = line;
        if (++_depth > DeepestCall) throw Error("the template's expressions or macros are nested too deeply");
    }
}

/// <summary>How a statement ended.</summary>
internal enum JinjaFlow
{
    /// <summary>The next one follows.</summary>
    Next,

    /// <summary>The loop goes on with its next item.</summary>
    Continue,

    /// <summary>The loop ends.</summary>
    Break,
}

/// <summary>What names mean, and where they are looked up that are not here. Values that are set stay here.</summary>
/// <param name="outer">The scope around; null for the outermost.</param>
internal sealed class JinjaScope(JinjaScope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>Sets a name here.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>What a name means.</summary>
    public object? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out var value)) return value;
        }

        return new JinjaUndefined($"'{name}'");
    }

    private JinjaScope? Outer => outer;
}
