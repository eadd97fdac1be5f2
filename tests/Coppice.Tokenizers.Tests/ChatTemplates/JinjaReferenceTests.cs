using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tokenizers.Jinja;

namespace Coppice.Tokenizers.Tests.ChatTemplates;

/// <summary>Snippets of templates against what Jinja2 itself makes of them (Data/make-chat-templates.py).</summary>
public class JinjaReferenceTests
{
    private static readonly DateTimeOffset Now = new(2025, 3, 7, 14, 5, 9, TimeSpan.Zero);

    [Fact]
    public void Snippets_render_as_the_reference_renders_them()
    {
        using var data = JsonDocument.Parse(File.ReadAllBytes(ReferenceTests.DataFile("jinja-snippets.json")));
        var variables = ((JinjaMap)Value(data.RootElement.GetProperty("variables"))!).ToDictionary();
        var wrong = new List<string>();
        foreach (var snippet in data.RootElement.GetProperty("snippets").EnumerateArray())
        {
            var source = snippet.GetProperty("template").GetString()!;
            var (expected, actual) = (Expected(snippet), Render(source, variables));
            if (expected != actual) wrong.Add($"{source}\n  expected: {expected}\n  actual:   {actual}");
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join("\n", wrong)}");
    }

    [Theory]
    [InlineData("a\n{{ missing.x }}", "t, line 2: 'missing' is not defined, so that it has no 'x'")]
    [InlineData("{{ 1 }}\n\n{{ 'x' | lenght }}", "t, line 3: the filter 'lenght' is not supported; did you mean 'length'?")]
    [InlineData("{{ 'x' is strong }}", "t, line 1: the test 'strong' is not supported; did you mean 'string'?")]
    [InlineData("{% include 'x' %}", "t, line 1: the statement 'include' is not supported")]
    [InlineData("{% if true %}\n{% for x in [] %}\n{% endif %}", "t, line 3: endfor is missing before 'endif'")]
    [InlineData("{{ f(*x) }}", "t, line 1: arguments out of a list (*, **) are not supported")]
    [InlineData("{% for x in y recursive %}{% endfor %}", "t, line 1: recursive loops are not supported")]
    [InlineData("a {{ b", "t, line 1: a tag that begins on line 1 is not closed by }}")]
    [InlineData("{{ '\\u12' }}", "t, line 1: \\u needs 4 hexadecimal digits of a character")]
    [InlineData("{{ 99999999999999999999 }}", "t, line 1: a number is too large")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "t, line 1: a number is too large")]
    [InlineData("{% set x %}{% generation %}a{% endgeneration %}{% endset %}", "t, line 1: a generation block inside a macro or a set block is not supported")]
    [InlineData("{{ $ }}", "t, line 1: '$' means nothing here")]
    public void An_error_says_where_and_what(string source, string message) =>
        Assert.Equal(message, Assert.Throws<CoppiceException>(() => JinjaTemplate.Parse("t", source).Render(new Dictionary<string, object?>(), Now)).Message);

    [Theory]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested too deeply")]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{{ 'a' * 100000000000 }}", "characters")]
    [InlineData("{% set ns = namespace(x='abcdefgh') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(x='abcdefgh') %}{% for i in range(100) %}{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "characters")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x | tojson }}", "nested too deeply")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}", "nested too deeply")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == [ns.x] }}", "nested too deeply")]
    [InlineData("{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}", "steps")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}", "steps")]
    [InlineData("{% set x = 'a' * 1000000 %}{% for i in range(100000) %}{% if x == x ~ 'b' %}{% endif %}{% endfor %}", "steps")]
    [InlineData("{% for i in range(100000) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}", "characters")]
    [InlineData("{{ range(100000) | list | unique | list | length }}", "steps")]
    [InlineData("{{ 'x\nx\nx' | indent('y' * 10000000) }}", "characters")]
    public void A_hostile_template_comes_to_an_end(string source, string limit) =>
        Assert.Contains(limit, Assert.Throws<CoppiceException>(() => JinjaTemplate.Parse("t", source).Render(new Dictionary<string, object?>(), Now)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nesting_and_chains_of_any_length_are_no_stack_overflow()
    {
        string[] sources =
        [
            "{{ " + new string('(', 100_000) + "1" + new string(')', 100_000) + " }}",
            "{{ " + new string('[', 100_000) + " }}",
            "{{ " + string.Concat(Enumerable.Repeat("not ", 100_000)) + "1 }}",
            "{{ " + new string('-', 100_000) + "1 }}",
            "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 100_000)) + " }}",
            "{{ x" + string.Concat(Enumerable.Repeat("|trim", 100_000)) + " }}",
            "{{ x" + string.Concat(Enumerable.Repeat("[0]", 100_000)) + " }}",
            string.Concat(Enumerable.Repeat("{% if true %}", 50_000)),
            "{{ " + string.Concat(Enumerable.Repeat("1 if 1 else ", 50_000)) + "1 }}",
        ];
        foreach (var source in sources) Assert.Throws<CoppiceException>(() => JinjaTemplate.Parse("t", source).Render(new Dictionary<string, object?> { ["x"] = "a" }, Now));
    }

    [Fact]
    public void Random_bytes_of_templates_are_errors_or_texts()
    {
        using var data = JsonDocument.Parse(File.ReadAllBytes(ReferenceTests.DataFile("jinja-snippets.json")));
        var variables = ((JinjaMap)Value(data.RootElement.GetProperty("variables"))!).ToDictionary();
        var sources = data.RootElement.GetProperty("snippets").EnumerateArray().Select(snippet => snippet.GetProperty("template").GetString()!).ToList();
        var random = new Random(1);
        for (var i = 0; i < 4000; i++)
        {
            var (a, b) = (sources[random.Next(sources.Count)], sources[random.Next(sources.Count)]);
            // Halves of two, and one character changed: mostly wrong in new ways.
            var mixed = (a[..random.Next(a.Length + 1)] + b[random.Next(b.Length + 1)..]).ToCharArray();
            if (mixed.Length > 0) mixed[random.Next(mixed.Length)] = "{}%#()[]'\"|.,~+-*/\\ \nax0"[random.Next(24)];
            Render(new string(mixed), variables);
        }
    }

    private static string Render(string source, IReadOnlyDictionary<string, object?> variables)
    {
        try
        {
            return JinjaTemplate.Parse("t", source).Render(variables, Now).Text;
        }
        catch (CoppiceException error) when (error.ExitCode == ExitCode.Usage)
        {
            return $"refused: {error.Message[(error.Message.LastIndexOf("conversation: ", StringComparison.Ordinal) + "conversation: ".Length)..]}";
        }
        catch (CoppiceException)
        {
            return "error";
        }
    }

    private static string Expected(JsonElement snippet) =>
        snippet.TryGetProperty("text", out var text) ? text.GetString()! : snippet.TryGetProperty("refused", out var refused) ? $"refused: {refused.GetString()}" : "error";

    private static object? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText().Contains('.', StringComparison.Ordinal) ? value.GetDouble() : (object)value.GetInt64(),
        JsonValueKind.Array => new JinjaList(value.EnumerateArray().Select(Value)),
        _ => Map(value),
    };

    private static JinjaMap Map(JsonElement value)
    {
        var map = new JinjaMap();
        foreach (var property in value.EnumerateObject()) map.Add(property.Name, Value(property.Value));
        return map;
    }
}
