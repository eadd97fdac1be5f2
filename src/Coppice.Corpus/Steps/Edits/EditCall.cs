using System.Text;

namespace Coppice.Corpus.Edits;

/// <summary>A call such as <c>remove_lines(line_start=3, line_end=5)</c>.</summary>
/// <param name="Name">The function.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record EditCall(string Name, IReadOnlyList<EditArgument> Arguments)
{
    private const int MostArguments = 4;

    /// <summary>Reads a call; null where the text is none. Strings may hold commas and brackets, and the escapes \n, \t, \\, \" and \'.</summary>
    public static EditCall? Read(ReadOnlySpan<char> text)
    {
        var open = text.IndexOf('(');
        if (open <= 0 || text[^1] != ')') return null;
        var name = text[..open].Trim();
        if (!IsName(name)) return null;
        var arguments = new List<EditArgument>();
        var rest = text[(open + 1)..^1].Trim();
        while (!rest.IsEmpty)
        {
            if (arguments.Count == MostArguments || ReadArgument(ref rest) is not { } argument) return null;
            arguments.Add(argument);
            if (rest.IsEmpty) break;
            if (rest[0] != ',' || rest.Length == 1) return null;
            rest = rest[1..].TrimStart();
        }

        return new EditCall(name.ToString(), arguments);
    }

    /// <summary>Whether every argument is one of the names, or stands at the place of one.</summary>
    public bool Has(params ReadOnlySpan<string> names)
    {
        for (var i = 0; i < Arguments.Count; i++)
        {
            if (i >= names.Length || (Arguments[i].Name is { } name && !names.Contains(name))) return false;
        }

        return true;
    }

    /// <summary>An argument by its name, or by its place where it has none.</summary>
    public EditArgument? Find(int place, string name) =>
        Arguments.FirstOrDefault(argument => argument.Name == name) ?? (place < Arguments.Count && Arguments[place].Name is null ? Arguments[place] : null);

    private static EditArgument? ReadArgument(ref ReadOnlySpan<char> rest)
    {
        string? name = null;
        var equals = rest.IndexOfAny('=', '"', '\'');
        if (equals > 0 && rest[equals] == '=')
        {
            if (!IsName(rest[..equals].Trim())) return null;
            name = rest[..equals].Trim().ToString();
            rest = rest[(equals + 1)..].TrimStart();
        }

        if (rest.IsEmpty) return null;
        if (rest[0] is '"' or '\'') return ReadText(ref rest) is { } text ? new EditArgument(name, text, IsText: true) : null;
        var end = rest.IndexOf(',');
        var value = (end < 0 ? rest : rest[..end]).Trim();
        rest = end < 0 ? [] : rest[end..];
        return value.IsEmpty ? null : new EditArgument(name, value.ToString(), IsText: false);
    }

    private static string? ReadText(ref ReadOnlySpan<char> rest)
    {
        var quote = rest[0];
        var text = new StringBuilder();
        for (var i = 1; i < rest.Length; i++)
        {
            if (rest[i] == quote)
            {
                rest = rest[(i + 1)..].TrimStart();
                return text.ToString();
            }

            if (rest[i] != '\\')
            {
                text.Append(rest[i]);
                continue;
            }

            if (++i == rest.Length || rest[i] is not ('n' or 't' or '\\' or '"' or '\'')) return null;
            text.Append(rest[i] switch { 'n' => '\n', 't' => '\t', var unit => unit });
        }

        return null;
    }

    private static bool IsName(ReadOnlySpan<char> text)
    {
        foreach (var unit in text)
        {
            if (!char.IsAsciiLetter(unit) && unit != '_') return false;
        }

        return !text.IsEmpty;
    }
}

/// <summary>An argument of a call.</summary>
/// <param name="Name">Its name, or null where it is given by place.</param>
/// <param name="Value">Its value, without quotation marks and escapes.</param>
/// <param name="IsText">Whether it is in quotation marks.</param>
internal sealed record EditArgument(string? Name, string Value, bool IsText);
