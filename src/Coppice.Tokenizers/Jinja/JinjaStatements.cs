namespace Coppice.Tokenizers.Jinja;

/// <summary>A statement of a template, or text.</summary>
/// <param name="Line">The line that it is on.</param>
internal abstract record JinjaStatement(int Line)
{
    /// <summary>Runs it; called through <see cref="JinjaRuntime.Execute"/>.</summary>
    public abstract JinjaFlow Execute(JinjaRuntime runtime);
}

/// <summary>Text that is written as it is.</summary>
internal sealed record JinjaText(int Line, string Text) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        runtime.Write(Text);
        return JinjaFlow.Next;
    }
}

/// <summary><c>{{ value }}</c>.</summary>
internal sealed record JinjaOutput(int Line, JinjaExpression Value) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        runtime.Write(JinjaValue.Text(runtime, runtime.Evaluate(Value)));
        return JinjaFlow.Next;
    }
}

/// <summary><c>{% if %}</c>, with a condition for each branch; the last may be without one.</summary>
internal sealed record JinjaIf(int Line, IReadOnlyList<(JinjaExpression? Condition, IReadOnlyList<JinjaStatement> Body)> Branches) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        foreach (var (condition, body) in Branches)
        {
            if (condition is null || JinjaValue.IsTrue(runtime.Evaluate(condition))) return runtime.Execute(body);
        }

        return JinjaFlow.Next;
    }
}

/// <summary><c>{% for %}</c>. What is set inside is forgotten after each round.</summary>
internal sealed record JinjaFor(
    int Line, IReadOnlyList<string> Names, JinjaExpression Values, JinjaExpression? Filter, IReadOnlyList<JinjaStatement> Body, IReadOnlyList<JinjaStatement> Otherwise) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        var outer = runtime.Scope;
        var items = JinjaValue.Items(runtime, runtime.Evaluate(Values));
        if (Filter is not null) items = [.. items.Where(item => Passes(runtime, outer, item))];
        if (items.Count == 0) return runtime.Execute(Otherwise);
        var loop = new JinjaLoop(items);
        for (; loop.Place < items.Count; loop.Place++)
        {
            runtime.Count();
            var scope = new JinjaScope(outer);
            scope.Set(JinjaLoop.Name, loop);
            JinjaSet.Assign(runtime, scope, Names, items[loop.Place]);
            if (runtime.ExecuteInside(scope, Body) == JinjaFlow.Break) break;
        }

        return JinjaFlow.Next;
    }

    private bool Passes(JinjaRuntime runtime, JinjaScope outer, object? item)
    {
        var scope = new JinjaScope(outer);
        JinjaSet.Assign(runtime, scope, Names, item);
        return JinjaValue.IsTrue(runtime.EvaluateInside(scope, Filter!));
    }
}

/// <summary><c>{% break %}</c> and <c>{% continue %}</c>.</summary>
internal sealed record JinjaJump(int Line, JinjaFlow Flow) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime) => Flow;
}

/// <summary><c>{% set names = value %}</c>.</summary>
internal sealed record JinjaSet(int Line, IReadOnlyList<string> Names, JinjaExpression Value) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        Assign(runtime, runtime.Scope, Names, runtime.Evaluate(Value));
        return JinjaFlow.Next;
    }

    /// <summary>Sets one name to a value, or several to its items.</summary>
    public static void Assign(JinjaRuntime runtime, JinjaScope scope, IReadOnlyList<string> names, object? value)
    {
        if (names.Count == 1)
        {
            scope.Set(names[0], value);
            return;
        }

        var items = JinjaValue.Items(runtime, value);
        if (items.Count != names.Count) throw runtime.Error($"{items.Count} values can't be given to {names.Count} names");
        for (var i = 0; i < names.Count; i++) scope.Set(names[i], items[i]);
    }
}

/// <summary><c>{% set object.name = value %}</c>, which is for namespaces.</summary>
internal sealed record JinjaSetAttribute(int Line, string Object, string Name, JinjaExpression Value) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        var value = runtime.Evaluate(Value);
        if (runtime.Scope.Find(Object) is not JinjaNamespace space) throw runtime.Error($"only attributes of a namespace can be set, and '{Object}' is none");
        space.Values[Name] = value;
        return JinjaFlow.Next;
    }
}

/// <summary><c>{% set name %}...{% endset %}</c>: what the body writes.</summary>
internal sealed record JinjaSetBlock(int Line, string Target, IReadOnlyList<JinjaStatement> Body, IReadOnlyList<(string Name, JinjaArgumentList Arguments)> Filters) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        object? value = runtime.Capture(new JinjaScope(runtime.Scope), Body);
        foreach (var (name, arguments) in Filters) value = JinjaFilters.Apply(runtime, name, value, arguments.Evaluate(runtime));
        runtime.Scope.Set(Target, value);
        return JinjaFlow.Next;
    }
}

/// <summary><c>{% macro name(parameters) %}</c>: a function that gives what its body writes.</summary>
internal sealed record JinjaMacro(int Line, string Name, IReadOnlyList<(string Name, JinjaExpression? Default)> Parameters, IReadOnlyList<JinjaStatement> Body) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        var scope = runtime.Scope;
        scope.Set(Name, new JinjaFunction(Name, (caller, arguments) => Call(caller, scope, arguments)));
        return JinjaFlow.Next;
    }

    private string Call(JinjaRuntime runtime, JinjaScope around, JinjaArguments arguments)
    {
        var bound = arguments.Bind(runtime, $"the macro '{Name}'", [.. Parameters.Select(parameter => parameter.Name)]);
        var scope = new JinjaScope(around);
        for (var i = 0; i < bound.Length; i++)
        {
            var (name, otherwise) = Parameters[i];
            var value = !ReferenceEquals(bound[i], JinjaArguments.Missing) ? bound[i] : otherwise is null ? new JinjaUndefined($"'{name}'") : runtime.EvaluateInside(scope, otherwise);
            scope.Set(name, value);
        }

        return runtime.Capture(scope, Body);
    }
}

/// <summary><c>{% generation %}</c>: what the assistant says, which training may be limited to.</summary>
internal sealed record JinjaGeneration(int Line, IReadOnlyList<JinjaStatement> Body) : JinjaStatement(Line)
{
    public override JinjaFlow Execute(JinjaRuntime runtime)
    {
        var start = runtime.Output.Length;
        var flow = runtime.ExecuteInside(new JinjaScope(runtime.Scope), Body);
        runtime.MarkGenerated(start);
        return flow;
    }
}
