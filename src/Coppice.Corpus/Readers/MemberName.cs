using System.Text;

namespace Coppice.Corpus;

/// <summary>
/// Documentation identifiers (<c>M:System.IO.File.ReadAllText(System.String)</c>) as a reader would write them.
/// The identifiers' grammar: the C# language specification, annex D.4.
/// </summary>
internal static class MemberName
{
    /// <summary>The name as code calls it: <c>System.IO.File.ReadAllText(path)</c>, <c>new System.Uri(uriString)</c>.</summary>
    /// <param name="id">The identifier.</param>
    /// <param name="parameters">The parameters' names; where their number is not that of the identifier, types stand in for them.</param>
    public static string Readable(string id, IReadOnlyList<string> parameters)
    {
        var (kind, name, arguments) = Parse(id);
        var constructor = name.EndsWith(".#ctor", StringComparison.Ordinal);
        if (constructor) name = name[..^".#ctor".Length];
        name = (constructor ? "new " : "") + name.Replace('#', '.');
        if (kind != 'M' && arguments.Count == 0) return name;
        return $"{name}({string.Join(", ", parameters.Count == arguments.Count ? parameters : arguments.Select(LastPart))})";
    }

    /// <summary>The name inside a sentence: <c>String</c> for a type, <c>File.ReadAllText</c> for a member.</summary>
    /// <param name="id">The identifier.</param>
    public static string Short(string id)
    {
        var (kind, name, _) = Parse(id);
        if (name.EndsWith(".#ctor", StringComparison.Ordinal)) return LastPart(name[..^".#ctor".Length]);
        if (kind is 'N' or '!') return name;
        if (kind is 'T' or '\0') return LastPart(name);
        var member = name.LastIndexOf('.');
        return member < 0 ? name : LastPart(name[..member]) + name[member..].Replace('#', '.');
    }

    private static (char Kind, string Name, List<string> Arguments) Parse(string id)
    {
        var colon = id.IndexOf(':');
        var kind = colon switch { < 0 => '\0', 1 => id[0], _ => 'M' };
        var body = WithoutArity(id[(colon + 1)..]);
        var open = body.IndexOf('(');
        if (open < 0) return (kind, body, []);
        var close = body.LastIndexOf(')');
        return (kind, body[..open], SplitArguments(body[(open + 1)..(close > open ? close : body.Length)]));
    }

    // "List`1" and "BinarySearch``1" lose the number of their type parameters; a bare "``0" stays the type parameter it stands for.
    private static string WithoutArity(string name)
    {
        if (!name.Contains('`')) return name;
        var plain = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] != '`')
            {
                plain.Append(name[i]);
                continue;
            }

            var isReference = i == 0 || !(char.IsLetterOrDigit(name[i - 1]) || name[i - 1] == '_');
            while (i + 1 < name.Length && (name[i + 1] == '`' || char.IsAsciiDigit(name[i + 1]))) i++;
            if (isReference) plain.Append('T');
        }

        return plain.ToString();
    }

    private static List<string> SplitArguments(string arguments)
    {
        List<string> parts = [];
        var depth = 0;
        var start = 0;
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is '{' or '[' or '(') depth++;
            else if (arguments[i] is '}' or ']' or ')') depth--;
            else if (arguments[i] == ',' && depth == 0)
            {
                parts.Add(arguments[start..i]);
                start = i + 1;
            }
        }

        parts.Add(arguments[start..]);
        return parts;
    }

    private static string LastPart(string name)
    {
        var end = name.IndexOf('{');
        var dot = name.LastIndexOf('.', end < 0 ? name.Length - 1 : end);
        return dot < 0 ? name : name[(dot + 1)..];
    }
}
