using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Coppice.Foundation;

namespace Coppice.Cli;

/// <summary>Says in one line what is wrong with a command line, with the nearest name where one was misspelt.</summary>
internal static partial class UsageErrors
{
    /// <summary>The first error of a command line, or null where there is none.</summary>
    public static string? Find(ParseResult parse)
    {
        if (parse.Errors.Count == 0 && UnknownOption(parse) is null) return null;
        if (parse.Action is HelpAction) return null;
        var command = parse.CommandResult.Command;
        var name = FullName(parse.CommandResult);
        var message = UnknownOption(parse) ?? UnknownVerb(parse, command) ?? Missing(parse) ?? parse.Errors[0].Message.TrimEnd('.');
        return $"{name}: {message} (see '{name} --help')";
    }

    // An option that nobody knows looks to the parser like one more path or text.
    private static string? UnknownOption(ParseResult parse)
    {
        var beforeDoubleDash = parse.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).ToHashSet(ReferenceEqualityComparer.Instance);
        var unknown = parse.UnmatchedTokens.Concat(parse.CommandResult.Children.Where(TakesMany).SelectMany(child => child.Tokens).Where(beforeDoubleDash.Contains).Select(token => token.Value))
            .FirstOrDefault(value => OptionLike().IsMatch(value));
        if (unknown is null) return null;
        var spelt = unknown.Split('=')[0];
        return $"there is no option '{spelt}'{NearestName.Hint(spelt, KnownOptions(parse.CommandResult))}";
    }

    private static bool TakesMany(SymbolResult result) => result switch
    {
        ArgumentResult => true,
        OptionResult option => option.Option.AllowMultipleArgumentsPerToken,
        _ => false,
    };

    private static string? UnknownVerb(ParseResult parse, Command command)
    {
        if (command.Subcommands.Count == 0) return parse.UnmatchedTokens is [var extra, ..] ? $"'{extra}' is one argument too many" : null;
        var verbs = command.Subcommands.Select(verb => verb.Name).ToList();
        return parse.UnmatchedTokens is [var unknown, ..]
            ? $"there is no command '{unknown}'{NearestName.Hint(unknown, verbs)}"
            : $"a command is missing, one of {string.Join(", ", verbs)}";
    }

    private static string? Missing(ParseResult parse)
    {
        var argument = parse.CommandResult.Command.Arguments.FirstOrDefault(argument =>
            argument.Arity.MinimumNumberOfValues > 0 && parse.GetResult(argument) is not { Tokens.Count: > 0 });
        if (argument is not null) return $"{argument.HelpName ?? argument.Name} is missing";
        var option = parse.CommandResult.Command.Options.FirstOrDefault(option => option.Required && parse.GetResult(option) is null or { Implicit: true });
        return option is null ? null : $"{option.Name} {option.HelpName} is missing";
    }

    private static IEnumerable<string> KnownOptions(CommandResult? result)
    {
        for (; result is not null; result = result.Parent as CommandResult)
        {
            foreach (var option in result.Command.Options) yield return option.Name;
        }
    }

    private static string FullName(CommandResult result) => result.Parent is CommandResult parent ? $"{FullName(parent)} {result.Command.Name}" : "coppice";

    [GeneratedRegex("^(--[A-Za-z]|-[A-Za-z]$)")]
    private static partial Regex OptionLike();
}
