using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>Refuses grammars that can't be followed from left to right: rules that are missing, that never end, or that begin with themselves.</summary>
internal sealed class GrammarCheck
{
    private const int MostRules = 2000;

    private readonly Grammar _grammar;
    private readonly HashSet<string> _mayBeEmpty;

    private GrammarCheck(Grammar grammar)
    {
        _grammar = grammar;
        _mayBeEmpty = Fixpoint(MayBeEmpty);
    }

    /// <summary>Checks a grammar.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <exception cref="CoppiceException">It can't be followed.</exception>
    public static void Check(Grammar grammar)
    {
        if (grammar.Rules.Count > MostRules) throw CoppiceException.Usage($"grammar: {grammar.Rules.Count} rules; {MostRules} are the most");
        foreach (var (name, pattern) in grammar.Rules)
        {
            foreach (var called in Calls(pattern))
            {
                if (!grammar.Rules.ContainsKey(called)) throw CoppiceException.Usage($"grammar: the rule '{name}' needs a rule '{called}', and there is none{NearestName.Hint(called, grammar.Rules.Keys)}");
            }
        }

        var check = new GrammarCheck(grammar);
        var ends = check.Fixpoint(Ends);
        var endless = grammar.Rules.Keys.FirstOrDefault(name => !ends.Contains(name));
        if (endless is not null) throw CoppiceException.Usage($"grammar: no text follows the rule '{endless}': it always needs itself once more");
        check.RefuseLeftRecursion();
    }

    /// <summary>The rules of which something holds, where that depends on the rules that they name.</summary>
    private HashSet<string> Fixpoint(Func<Pattern, HashSet<string>, bool> holds)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        int before;
        do
        {
            before = found.Count;
            foreach (var (name, pattern) in _grammar.Rules)
            {
                if (holds(pattern, found)) found.Add(name);
            }
        }
        while (found.Count > before);
        return found;
    }

    private static bool MayBeEmpty(Pattern pattern, HashSet<string> rules) => pattern switch
    {
        Pattern.Literal literal => literal.Text.Length == 0,
        Pattern.Sequence sequence => sequence.Parts.All(part => MayBeEmpty(part, rules)),
        Pattern.Choice choice => choice.Alternatives.Any(part => MayBeEmpty(part, rules)),
        Pattern.Repeat repeat => repeat.Least == 0 || MayBeEmpty(repeat.Part, rules),
        Pattern.Rule rule => rules.Contains(rule.Name),
        _ => false,
    };

    private static bool Ends(Pattern pattern, HashSet<string> rules) => pattern switch
    {
        Pattern.Sequence sequence => sequence.Parts.All(part => Ends(part, rules)),
        Pattern.Choice choice => choice.Alternatives.Any(part => Ends(part, rules)),
        Pattern.Repeat repeat => repeat.Least == 0 || Ends(repeat.Part, rules),
        Pattern.Rule rule => rules.Contains(rule.Name),
        _ => true,
    };

    private static IEnumerable<string> Calls(Pattern pattern) => pattern switch
    {
        Pattern.Sequence sequence => sequence.Parts.SelectMany(Calls),
        Pattern.Choice choice => choice.Alternatives.SelectMany(Calls),
        Pattern.Repeat repeat => Calls(repeat.Part),
        Pattern.Rule rule => [rule.Name],
        _ => [],
    };

    /// <summary>The rules that a text may begin with before any character was read.</summary>
    private IEnumerable<string> FirstCalls(Pattern pattern)
    {
        switch (pattern)
        {
            case Pattern.Sequence sequence:
                foreach (var part in sequence.Parts)
                {
                    foreach (var name in FirstCalls(part)) yield return name;
                    if (!MayBeEmpty(part, _mayBeEmpty)) yield break;
                }

                break;
            case Pattern.Choice choice:
                foreach (var name in choice.Alternatives.SelectMany(FirstCalls)) yield return name;
                break;
            case Pattern.Repeat repeat:
                foreach (var name in FirstCalls(repeat.Part)) yield return name;
                break;
            case Pattern.Rule rule:
                yield return rule.Name;
                break;
        }
    }

    private void RefuseLeftRecursion()
    {
        var settled = Fixpoint((pattern, found) => FirstCalls(pattern).All(found.Contains));
        if (_grammar.Rules.Keys.FirstOrDefault(rule => !settled.Contains(rule)) is not { } name) return;
        // What is left begins with what is left: following it leads round in a circle.
        var passed = new HashSet<string>(StringComparer.Ordinal);
        while (passed.Add(name)) name = FirstCalls(_grammar.Rules[name]).First(called => !settled.Contains(called));
        throw CoppiceException.Usage($"grammar: the rule '{name}' begins with itself before it has read a character; write it as a repetition, such as x (\"+\" x)*");
    }
}
