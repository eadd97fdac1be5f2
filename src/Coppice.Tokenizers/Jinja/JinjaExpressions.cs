namespace Coppice.Tokenizers.Jinja;

/// <summary>An expression of a template.</summary>
/// <param name="Line">The line that it is on.</param>
internal abstract record JinjaExpression(int Line)
{
    /// <summary>Its value; asked for through <see cref="JinjaRuntime.Evaluate"/>.</summary>
    public abstract object? Evaluate(JinjaRuntime runtime);
}

/// <summary>A value that is written out.</summary>
internal sealed record JinjaLiteral(int Line, object? Value) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime) => Value;
}

/// <summary>A variable.</summary>
internal sealed record JinjaName(int Line, string Name) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime) => runtime.Scope.Find(Name);
}

/// <summary>A list or tuple.</summary>
internal sealed record JinjaListDisplay(int Line, IReadOnlyList<JinjaExpression> Items, bool IsTuple = false) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime) => new JinjaList(Items.Select(runtime.Evaluate)) { IsTuple = IsTuple };
}

/// <summary>A dictionary.</summary>
internal sealed record JinjaMapDisplay(int Line, IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> Items) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var map = new JinjaMap();
        foreach (var (key, value) in Items)
            map[runtime.Evaluate(key) as string ?? throw runtime.Error("only texts are supported as keys of a dictionary")] = runtime.Evaluate(value);
        return map;
    }
}

/// <summary><c>and</c> and <c>or</c>, which give one of their operands.</summary>
internal sealed record JinjaLogic(int Line, bool IsAnd, JinjaExpression Left, JinjaExpression Right) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var left = runtime.Evaluate(Left);
        return JinjaValue.IsTrue(left) == IsAnd ? runtime.Evaluate(Right) : left;
    }
}

/// <summary><c>not</c>.</summary>
internal sealed record JinjaNot(int Line, JinjaExpression Operand) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime) => !JinjaValue.IsTrue(runtime.Evaluate(Operand));
}

/// <summary><c>a if b else c</c>.</summary>
internal sealed record JinjaChoice(int Line, JinjaExpression Condition, JinjaExpression Then, JinjaExpression? Otherwise) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime) =>
        JinjaValue.IsTrue(runtime.Evaluate(Condition)) ? runtime.Evaluate(Then)
        : Otherwise is null ? new JinjaUndefined("the value of an inline if without else")
        : runtime.Evaluate(Otherwise);
}

/// <summary>Comparisons, which may be chained: <c>a &lt; b &lt;= c</c>.</summary>
internal sealed record JinjaComparison(int Line, JinjaExpression First, IReadOnlyList<(string Operator, JinjaExpression Operand)> Others) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var left = runtime.Evaluate(First);
        foreach (var (symbol, operand) in Others)
        {
            var right = runtime.Evaluate(operand);
            if (!JinjaOperators.Holds(runtime, symbol, left, right)) return false;
            left = right;
        }

        return true;
    }
}

/// <summary>Arithmetic, and <c>~</c>, which joins texts.</summary>
internal sealed record JinjaArithmetic(int Line, string Operator, JinjaExpression Left, JinjaExpression Right) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var left = runtime.Evaluate(Left);
        return JinjaOperators.Compute(runtime, Operator, left, runtime.Evaluate(Right));
    }
}

/// <summary>A sign before a number.</summary>
internal sealed record JinjaSign(int Line, bool IsMinus, JinjaExpression Operand) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var value = runtime.Evaluate(Operand);
        // Not a difference: there is a zero below zero.
        return IsMinus && value is double number ? -number : JinjaOperators.Compute(runtime, IsMinus ? "-" : "+", 0L, value);
    }
}

/// <summary><c>a.name</c>.</summary>
internal sealed record JinjaAttribute(int Line, JinjaExpression Object, string Name) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime) => JinjaMembers.Attribute(runtime, runtime.Evaluate(Object), Name);
}

/// <summary><c>a[key]</c>.</summary>
internal sealed record JinjaItem(int Line, JinjaExpression Object, JinjaExpression Key) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var value = runtime.Evaluate(Object);
        return JinjaMembers.Item(runtime, value, runtime.Evaluate(Key));
    }
}

/// <summary><c>a[start:stop:step]</c>.</summary>
internal sealed record JinjaSlice(int Line, JinjaExpression Object, JinjaExpression? Start, JinjaExpression? Stop, JinjaExpression? Step) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var value = runtime.Evaluate(Object);
        return JinjaMembers.Slice(runtime, value, Bound(Start), Bound(Stop), Bound(Step));

        long? Bound(JinjaExpression? bound) => bound is null || runtime.Evaluate(bound) is not { } number ? null : JinjaValue.Whole(runtime, number);
    }
}

/// <summary>The arguments of a call, a filter or a test.</summary>
internal sealed record JinjaArgumentList(IReadOnlyList<JinjaExpression> Positional, IReadOnlyList<(string Name, JinjaExpression Value)> Named)
{
    /// <summary>No arguments.</summary>
    public static JinjaArgumentList None { get; } = new([], []);

    /// <summary>Their values.</summary>
    public JinjaArguments Evaluate(JinjaRuntime runtime)
    {
        if (Positional.Count + Named.Count == 0) return JinjaArguments.None;
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        var positional = Positional.Select(runtime.Evaluate).ToList();
        foreach (var (name, value) in Named)
        {
            if (!named.TryAdd(name, runtime.Evaluate(value))) throw runtime.Error($"the argument '{name}' is given twice");
        }

        return new JinjaArguments(positional, named);
    }
}

/// <summary><c>a(...)</c>.</summary>
internal sealed record JinjaCall(int Line, JinjaExpression Function, JinjaArgumentList Arguments) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var called = runtime.Evaluate(Function);
        var arguments = Arguments.Evaluate(runtime);
        return called is JinjaFunction function ? function.Invoke(runtime, arguments) : throw runtime.Error($"{JinjaValue.TypeName(called)} can't be called");
    }
}

/// <summary><c>a | filter(...)</c>.</summary>
internal sealed record JinjaFilter(int Line, JinjaExpression Operand, string Name, JinjaArgumentList Arguments) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var value = runtime.Evaluate(Operand);
        return JinjaFilters.Apply(runtime, Name, value, Arguments.Evaluate(runtime));
    }
}

/// <summary><c>a is test(...)</c>.</summary>
internal sealed record JinjaTest(int Line, JinjaExpression Operand, string Name, JinjaArgumentList Arguments) : JinjaExpression(Line)
{
    public override object? Evaluate(JinjaRuntime runtime)
    {
        var value = runtime.Evaluate(Operand);
        return JinjaTests.Holds(runtime, Name, value, Arguments.Evaluate(runtime));
    }
}
