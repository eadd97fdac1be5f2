using System.CommandLine;
using Coppice.Foundation;
using Coppice.Inference;

namespace Coppice.Cli.Commands;

/// <summary>What a generated text must look like: one of three options, or none.</summary>
internal sealed class ConstraintOptions
{
    private readonly Option<string> _schema = new("--json-schema") { Description = "Write JSON that the schema in a file describes", HelpName = "FILE" };
    private readonly Option<string> _regex = new("--regex") { Description = "Write a text that matches a regular expression as a whole", HelpName = "REGEX" };
    private readonly Option<string> _grammar = new("--grammar") { Description = "Write a text that follows the grammar in a file (GBNF)", HelpName = "FILE" };

    /// <summary>Gives a command the options.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new[] { _schema, _regex, _grammar }) command.Add(option);
    }

    /// <summary>What was asked for; null for anything.</summary>
    public TextConstraint? Read(ParseResult parse)
    {
        var (schema, regex, grammar) = (parse.GetValue(_schema), parse.GetValue(_regex), parse.GetValue(_grammar));
        if (new[] { schema, regex, grammar }.Count(value => value is not null) > 1) throw CoppiceException.Usage("only one of --json-schema, --regex and --grammar can be kept to");
        if (schema is not null) return TextConstraint.JsonSchema(TextInput.FromFile(schema));
        if (grammar is not null) return TextConstraint.Grammar(TextInput.FromFile(grammar));
        return regex is null ? null : TextConstraint.Regex(regex);
    }
}
