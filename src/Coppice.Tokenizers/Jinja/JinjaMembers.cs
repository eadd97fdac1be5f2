namespace Coppice.Tokenizers.Jinja;

/// <summary>Attributes, items and slices.</summary>
internal static class JinjaMembers
{
    /// <summary><c>value.name</c>: a method, or else an item of that name.</summary>
    public static object? Attribute(JinjaRuntime runtime, object? value, string name) => value switch
    {
        JinjaUndefined undefined => throw runtime.Error($"{undefined.Name} is not defined, so that it has no '{name}'"),
        JinjaMap map => MapMethods.Find(map, name) ?? ItemOf(map, name),
        string text => StringMethods.Find(text, name) ?? (object)new JinjaUndefined($"'{name}' of a text"),
        JinjaList list => ListMethods.Find(list, name) ?? (object)new JinjaUndefined($"'{name}' of a list"),
        JinjaNamespace space => space.Values.TryGetValue(name, out var found) ? found : new JinjaUndefined($"'{name}' of a namespace"),
        JinjaLoop loop => loop.Attribute(runtime, name),
        _ => new JinjaUndefined($"'{name}' of {JinjaValue.TypeName(value)}"),
    };

    /// <summary><c>value[key]</c>: an item, or else a method of that name.</summary>
    public static object? Item(JinjaRuntime runtime, object? value, object? key)
    {
        switch (value, key)
        {
            case (JinjaUndefined undefined, _): throw runtime.Error($"{undefined.Name} is not defined, so that it has no items");
            case (JinjaMap map, string name): return map.TryGetValue(name, out var found) ? found : MapMethods.Find(map, name) ?? (object)new JinjaUndefined($"'{name}'");
            case (JinjaMap, _): return new JinjaUndefined("an item of a dictionary");
            case (JinjaList list, long or bool):
                var place = FromEnd(JinjaValue.Whole(runtime, key), list.Count);
                return place >= 0 && place < list.Count ? list[(int)place] : new JinjaUndefined("an item beyond the end of a list");
            case (string text, long or bool):
                var length = PythonText.Length(text);
                place = FromEnd(JinjaValue.Whole(runtime, key), length);
                if (place < 0 || place >= length) return new JinjaUndefined("a character beyond the end of a text");
                var unit = PythonText.UnitOf(text, (int)place);
                return text.Substring(unit, char.IsSurrogatePair(text, unit) ? 2 : 1);
            case (_, string name): return Attribute(runtime, value, name);
            default: throw runtime.Error($"{JinjaValue.TypeName(value)} has no items");
        }

        static long FromEnd(long index, int count) => index < 0 ? index + count : index;
    }

    /// <summary><c>value[start:stop:step]</c>.</summary>
    public static object? Slice(JinjaRuntime runtime, object? value, long? start, long? stop, long? step)
    {
        if (step == 0) throw runtime.Error("a slice can't have the step 0");
        if (value is not (string or JinjaList)) throw runtime.Error($"{JinjaValue.TypeName(value)} has no slices");
        var (forward, by) = (step is null or > 0, step ?? 1);
        if (value is string text && by == 1)
        {
            var length = PythonText.Length(text);
            var (first, end) = (Bound(start, 0, length, 0, length), Bound(stop, length, length, 0, length));
            if (first >= end) return "";
            var unit = PythonText.UnitOf(text, (int)first);
            return text[unit..PythonText.UnitOf(text, (int)end)];
        }

        var items = JinjaValue.Items(runtime, value);
        var count = items.Count;
        var (begin, limit) = forward
            ? (Bound(start, 0, count, 0, count), Bound(stop, count, count, 0, count))
            : (Bound(start, count - 1, count, -1, count - 1), Bound(stop, -1, count, -1, count - 1));
        var taken = new JinjaList();
        runtime.Allocate(count);
        // In 128 bits: a step may be as long as it likes.
        for (Int128 i = begin; forward ? i < limit : i > limit; i += by) taken.Add(items[(int)i]);
        return value is string ? string.Concat(taken.Cast<string>()) : taken;

        static long Bound(long? bound, long otherwise, int count, long least, long most) =>
            bound is not { } given ? otherwise : Math.Clamp(given < 0 ? given + count : given, least, most);
    }

    private static object? ItemOf(JinjaMap map, string name) => map.TryGetValue(name, out var found) ? found : new JinjaUndefined($"'{name}'");
}
