using System.CommandLine;
using System.Reflection;
using Coppice.Cli.Output;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice techniques</c>: what is implemented of the literature, told by the code itself.</summary>
internal static class TechniquesCommand
{
    public static Command Create()
    {
        var command = new Command("techniques", "List the published techniques that are implemented, with their sources") { CommonOptions.Json };
        command.SetAction(parse =>
        {
            var techniques = Find();
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new TechniqueList(techniques));
            else Describe(techniques);
        });
        return command;
    }

    private static List<Technique> Find() =>
    [
        .. Rooms(typeof(TechniquesCommand).Assembly, [])
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly).Prepend<MemberInfo>(type))
            .SelectMany(member => member.GetCustomAttributes<TechniqueAttribute>(inherit: false))
            .Select(attribute => new Technique(attribute.Name, attribute.Title, attribute.Paper))
            .Distinct()
            .OrderBy(technique => technique.Name, StringComparer.Ordinal),
    ];

    // The assembly and those of ours that it is built on.
    private static HashSet<Assembly> Rooms(Assembly assembly, HashSet<Assembly> found)
    {
        if (!found.Add(assembly)) return found;
        foreach (var name in assembly.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("Coppice.", StringComparison.Ordinal))) Rooms(Assembly.Load(name), found);
        return found;
    }

    private static void Describe(List<Technique> techniques)
    {
        var (nameWidth, paperWidth) = (techniques.Max(technique => technique.Name.Length), techniques.Max(technique => technique.Paper.Length));
        foreach (var technique in techniques) Page.Line($"{technique.Name.PadRight(nameWidth)}  {technique.Paper.PadRight(paperWidth)}  {technique.Title}");
    }

    private sealed record Technique(string Name, string Title, string Paper);

    private sealed record TechniqueList(IReadOnlyList<Technique> Techniques);
}
