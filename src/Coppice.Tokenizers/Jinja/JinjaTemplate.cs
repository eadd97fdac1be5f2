using Coppice.Foundation;

namespace Coppice.Tokenizers.Jinja;

/// <summary>
/// A template in the part of Jinja that chat templates use, rendered as transformers renders it. What is not of that part is an error with the template's
/// name and line. Immutable and thread-safe.
/// </summary>
internal sealed class JinjaTemplate
{
    private const int LongestSource = 1 << 20;

    private readonly string _name;
    private readonly IReadOnlyList<JinjaStatement> _statements;

    private JinjaTemplate(string name, IReadOnlyList<JinjaStatement> statements) => (_name, _statements) = (name, statements);

    /// <summary>Reads a template.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="source">Its source.</param>
    /// <exception cref="CoppiceException">It is wrong, or uses what is not supported.</exception>
    public static JinjaTemplate Parse(string name, string source)
    {
        if (source.Length > LongestSource) throw new CoppiceException($"{name}: the chat template has more than {LongestSource} characters");
        return new JinjaTemplate(name, JinjaParser.Read(name, source));
    }

    /// <summary>Renders it.</summary>
    /// <param name="variables">Its variables: null, bool, long, double, string, <see cref="JinjaList"/> and <see cref="JinjaMap"/>.</param>
    /// <param name="now">The time that <c>strftime_now</c> tells.</param>
    /// <returns>The text, and the ranges of it (in UTF-16 units) that stand in generation blocks.</returns>
    /// <exception cref="CoppiceException">The template fails, refuses, or takes more steps or characters than it may.</exception>
    public (string Text, IReadOnlyList<(int Start, int End)> Generated) Render(IReadOnlyDictionary<string, object?> variables, DateTimeOffset now)
    {
        var runtime = new JinjaRuntime(_name, variables, now);
        runtime.Execute(_statements);
        return (runtime.Output.ToString(), runtime.Generated);
    }
}
