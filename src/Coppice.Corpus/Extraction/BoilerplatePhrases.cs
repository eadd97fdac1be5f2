using System.Text.RegularExpressions;

namespace Coppice.Corpus.Extraction;

/// <summary>Lines and headings that say themselves that they are not the text, in the languages most pages are written in. They must be short to count.</summary>
internal static partial class BoilerplatePhrases
{
    private const int LongestHeading = 70;
    private const int LongestLine = 160;
    private const int LongestTeaser = 400;

    /// <summary>Whether a heading announces what readers wrote.</summary>
    public static bool AnnouncesComments(string text) => text.Length <= LongestHeading && CommentsHeading().IsMatch(text);

    /// <summary>Whether a heading announces links to elsewhere, the author, a newsletter or buttons.</summary>
    public static bool AnnouncesOther(string text) => text.Length <= LongestHeading && OtherHeading().IsMatch(text);

    /// <summary>Whether a block is a line that leads elsewhere, labels a button or says who published what when.</summary>
    public static bool IsLine(PageBlock block)
    {
        if (block.Text.Length > LongestLine || block.Kind == BlockKind.Code) return false;
        if (Button().IsMatch(block.Text) || Notice().IsMatch(block.Text)) return true;
        if (!BlockClassifier.EndsSentence(block.Text) && Publication().IsMatch(block.Text)) return true;
        if (IsLabelledLink(block)) return true;
        return block.LinkDensity >= 0.4 && LeadsElsewhere().IsMatch(block.Text);
    }

    /// <summary>Whether a block is the beginning of something that a link at its end leads to.</summary>
    public static bool EndsInReadOn(PageBlock block) =>
        block.LinkCharacters is > 3 and < 40 && block.Text.Length < LongestTeaser && block.Kind is BlockKind.Text or BlockKind.Paragraph or BlockKind.Item && ReadOn().IsMatch(block.Text);

    // "More on this: a title that is a link": in whatever language.
    private static bool IsLabelledLink(PageBlock block)
    {
        const int longestLabel = 40;
        if (block.Kind is not (BlockKind.Text or BlockKind.Paragraph) || block.LinkCharacters < longestLabel / 2) return false;
        var colon = block.Text.AsSpan(0, Math.Min(longestLabel, block.Text.Length)).IndexOfAny(':', '：');
        return colon > 0 && block.LinkCharacters >= 0.9 * (block.Text.Length - colon - 2) && !BlockClassifier.EndsSentence(block.Text);
    }

    [GeneratedRegex(
        @"^\W*(?:(?:\d+|no|keine?|ein|aucun|sin|nessun)\s+)?(?:user\s+|reader\s+|leser-?)?(?:comments?|kommentare?|commentaires?|comentarios?|commenti|reacties|komentarze|komentáře|kommentarer|hozzászólások|комментарии|коментари|yorumlar|σχόλια|コメント|评论|댓글|leserkommentare|diskussion|responses?|replies|antworten|réponses|respuestas)"
        + @"\b(?:\s*\(?\d+\)?|\s+(?:to|on|zu|sur|a|en|are closed|off)\b.*)?\W*$"
        + @"|^\W*(?:leave|write|post|add|submit)\s+(?:a|your)\s+(?:reply|comment|response)|^\W*join\s+the\s+(?:discussion|conversation)|^\W*(?:visitor|reader|user|your|customer)s?\s+(?:opinions|comments|discussion|reviews)\b"
        + @"|^\W*(?:schreibe?n?\s+sie\s+|schreibe?\s+|hinterlasse?n?\s+sie\s+|hinterlasse?\s+)(?:einen|ihren|deinen)\s+kommentar|^\W*(?:einen\s+)?kommentar\s+(?:schreiben|verfassen|hinterlassen|abgeben)|^\W*(?:eine\s+)?antwort\s+(?:schreiben|verfassen|hinterlassen)|^\W*(?:diskutieren|reden)\s+sie\s+mit"
        + @"|^\W*(?:laisser|ajouter|poster|écrire)\s+un\s+commentaire|^\W*deja\s+(?:un\s+comentario|una\s+respuesta)|^\W*lascia\s+un\s+commento|^\W*skriv\s+en\s+kommentar|^\W*(?:přidat|napsat)\s+komentář|^\W*dodaj\s+komentarz"
        + @"|^\W*(?:deixe|deixar)\s+um\s+comentário|^\W*(?:geef|plaats)\s+een\s+reactie|^\W*\d+\s+(?:thoughts?|gedanken?|responses?|kommentare?)\s+(?:on|to|zu)\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CommentsHeading();

    [GeneratedRegex(
        @"^\W*(?:related(?:\s+(?:articles?|posts?|stories|content|news|links|topics|reading|items|pages))?|similar\s+(?:articles|posts|stories)|you\s+(?:may|might)\s+(?:also\s+)?(?:like|enjoy|be\s+interested)"
        + @"|more\s+(?:from|on\s+this|in\s+this|stories|news|posts|articles|like\s+this)|read\s+(?:more|also|next|on)|recommended(?:\s+for\s+you|\s+reading)?|most\s+(?:read|popular|viewed|shared)|popular\s+(?:posts|articles|now)"
        + @"|trending(?:\s+now)?|latest\s+(?:news|posts|stories|articles)|recent\s+(?:posts|comments|articles)|share(?:\s+(?:this|on|via|with|it|article|story))?|follow\s+us|about\s+the\s+authors?|sign\s+up|subscribe"
        + @"|stay\s+(?:connected|informed|up\s+to\s+date)|get\s+the\s+latest|tags?|topics?|categories|filed\s+under|print|advertisement|sponsored|like\s+this|post\s+navigation|up\s+next|editor'?s\s+picks?"
        + @"|mehr\s+(?:zum\s+thema|aus|von|über|artikel|news|lesen)|weitere\s+(?:artikel|beiträge|meldungen|nachrichten|themen|news|informationen\s+zum\s+thema|links)|das\s+könnte\s+(?:sie|dich|ihnen|dir)\b"
        + @"|mehr\s+zu\s+diesem\s+thema|passende\s+(?:artikel|beiträge)|(?:aktuelle|neueste|neue|letzte|beliebte|meistgelesene|empfohlene)\s+(?:artikel|beiträge|meldungen|nachrichten|kommentare|themen|posts)|weiterlesen|newsletter|folge\s+(?:uns|mir)|vorheriger\s+(?:artikel|beitrag)|nächster\s+(?:artikel|beitrag)"
        + @"|ähnliche\s+(?:artikel|beiträge|themen|posts)|verwandte\s+(?:artikel|beiträge|themen|inhalte)|lesen\s+sie\s+(?:auch|mehr|dazu|hier)|auch\s+interessant|meistgelesen|passend\s+(?:zum\s+thema|dazu)|zum\s+thema"
        + @"|über\s+(?:den|die)\s+autor(?:in|en)?|schlag(?:worte|wörter)|kategorien|teilen|artikel\s+teilen|beitrag\s+teilen|teilen\s+mit|drucken|anzeige|werbung|folgen\s+sie\s+uns|gefällt\s+mir|beitragsnavigation|themen|stichworte"
        + @"|à\s+lire\s+(?:aussi|également)|lire\s+(?:aussi|également)|articles\s+(?:similaires|liés|connexes|associés|récents)|sur\s+le\s+même\s+(?:sujet|thème)|dans\s+la\s+même\s+rubrique|partager|suivez-nous|voir\s+aussi|mots[- ]clés|à\s+propos\s+de\s+l.auteur"
        + @"|(?:artículos|noticias|entradas|notas)\s+(?:relacionad[oa]s|similares)|te\s+puede\s+interesar|también\s+te\s+puede|lea\s+también|lee\s+también|más\s+(?:noticias|leídas?|sobre)|compart[ei]r?|etiquetas|temas|sobre\s+el\s+autor"
        + @"|leggi\s+anche|articoli\s+(?:correlati|simili|recenti)|potrebbe(?:ro)?\s+interessarti|condividi|leia\s+(?:também|mais)|veja\s+(?:também|mais)|compartilhe|notícias\s+relacionadas"
        + @"|lees\s+ook|gerelateerde|meer\s+over|deel\s+dit|zobacz\s+(?:też|także|również)|czytaj\s+(?:też|także|również|więcej)|przeczytaj\s+(?:też|także|również)|powiązane|polecamy|udostępnij|tagi|podziel\s+się"
        + @"|podobne|související|kapcsolódó|相关新闻|相关阅读|関連記事|관련\s*기사|läs\s+(?:också|mer|även)|relaterade|les\s+også|læs\s+også|čtěte\s+(?:také|též)|související|читайте\s+также|похожие|поделиться)\b\W*.{0,40}$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OtherHeading();

    [GeneratedRegex(
        @"^\W*(?:read\s+(?:more|also|next)|see\s+also|also\s+read|related|more|continue\s+reading|click\s+here|follow\s|share|tweet|lesen\s+sie|lies\s+auch|mehr\s|weiterlesen|siehe\s+auch|hier\s+geht|zum\s+thema|lire\s|[àa]\s+lire|voir\s+aussi"
        + @"|en\s+savoir\s+plus|lea\s|leer\s|lee\s|te\s+puede|ver\s+también|leggi\s|leia\s|veja\s|lees\s|zobacz|czytaj|przeczytaj|läs\s|les\s+også|læs\s|čtěte|читайте|tags?\b|tagged|topics?\b|themen\b|schlagw|stichw|categor|kategori|catégories|filed|posted\s|rubrik"
        + @"|etiquetas|mots[- ]clés|labels?\b|permalink|bookmark|download|previous|next|zurück|weiter|vorherige|nächste|back\s+to|print|drucken)(?:(?<=\s)|\b).{0,140}$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LeadsElsewhere();

    [GeneratedRegex(
        @"^\W*(?:print(?:\s+this)?(?:\s+page)?|drucken|e-?mail|mail|facebook|twitter|x|google\+?|google\s+plus|linkedin|instagram|pinterest|pocket|reddit|whatsapp|telegram|tumblr|xing|flipboard|youtube|skype|pdf|rss|feed|messenger|tweet|pin(?:\s+it)?|share"
        + @"|teilen|twittern|merken|partager|compartir|condividi|udostępnij|like|gefällt\s+mir|kopieren|copy\s+link|link\s+kopieren|speichern|save|bookmark|comments?|kommentare?|kommentieren|antworten|reply|répondre|responder"
        + @"|advertisements?|anzeige|werbung|publicité|publicidad|pubblicità|reklama|ad|sponsored|back\s+to\s+top|nach\s+oben|top|zurück|weiter|next|previous|home|startseite|menu|menü|search|suche|close|schließen|skip\s+to\s+(?:main\s+)?content"
        + @"|continue\s+reading|read\s+more|weiterlesen|mehr|mehr\s+lesen|lire\s+la\s+suite|leer\s+más|loading(?:\.{3}|…)?|like\s+loading(?:\.{3}|…)?|wird\s+geladen(?:\.{3}|…)?|video|audio|bilder|fotos?|gallery|galerie|login|log\s+in|sign\s+in|register|abonnieren|subscribe|follow)\W*$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Button();

    [GeneratedRegex(
        @"^\W*(?:follow\s+.{1,40}\s+on\s+(?:twitter|facebook|instagram|google|x)\b|(?:share|auf\s+\w+\s+teilen|teilen|partager|compartir|condividi|udostępnij)\s+(?:on|auf|sur|en|su|via|per|na)\s+\w+\W*$|©|\(c\)\s+\d{4}|copyright\s+(?:©\s*)?\d{4}|all\s+rights\s+reserved|alle\s+rechte\s+vorbehalten|tous\s+droits\s+réservés|todos\s+los\s+derechos|powered\s+by|proudly\s+powered|theme\s+by|share\s+this:|like\s+this:|teilen\s+mit:"
        + @"|(?:foto|fotos|photo|photos|bild|bilder|image|images|photograph|fotografía|picture)(?:\s+(?:credit|by|von|courtesy|via|quelle|nachweis))?\s*:|(?:lesezeit|reading\s+time)\W{0,3}(?:ca\.?\s*)?\d|(?:this\s+(?:site|website)|wir|diese\s+(?:website|seite)|ce\s+site)\s+(?:uses?|verwenden|verwendet|nutzen|nutzt|benutzt|utilise)\s.{0,30}cookies"
        + @"|(?:please\s+)?enable\s+javascript|you\s+(?:must|need\s+to)\s+(?:be\s+logged\s+in|enable)|your\s+email\s+address\s+will\s+not|deine\s+e-mail-adresse\s+wird\s+nicht|ihre\s+e-mail-adresse\s+wird\s+nicht|votre\s+adresse\s+e-?mail\s+ne|tu\s+dirección\s+de\s+correo\s+electrónico\s+no)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Notice();

    // Who published it when and under what: whole sentences that begin so are text.
    [GeneratedRegex(
        @"^\W*(?:(?:posted|published|filed|veröffentlicht|publiziert|gepostet|erstellt|geschrieben|eingestellt|publié|posté|publicado|pubblicato|opublikowano|geplaatst|last\s+updated|zuletzt\s+(?:aktualisiert|geändert)|stand)"
        + @"\s*:?\s*(?:on|in|by|at|under|am|von|um|in|le|par|el|por|il|op|door)?\s*:?\s.{0,80}\d"
        + @"|(?:posted|filed|tagged|veröffentlicht|publié|publicado)\s+(?:in|by|under|with|unter|dans|en|von|par|por)\s.{1,80}$|\d+\s+(?:comments?|kommentare?|shares?|views?|likes?|aufrufe|min(?:uten|utes|s)?\.?\s+(?:read|lesezeit)|antworten|commentaires?|comentarios?)\s*$)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Publication();

    [GeneratedRegex(
        @"(?:^|[\s\[(.…»>])(?:mehr(?:\s+(?:lesen|erfahren|dazu|infos?))?|weiter(?:lesen)?|zum\s+(?:artikel|beitrag)|read\s+(?:more|on)|more|continue\s+reading|learn\s+more|lire\s+la\s+suite|en\s+savoir\s+plus|leer\s+más|ver\s+más|leggi\s+(?:tutto|di\s+più)|continua"
        + @"|leia\s+mais|lees\s+(?:meer|verder)|czytaj\s+(?:więcej|dalej)|více|läs\s+mer|les\s+mer|læs\s+mere|tovább|подробнее|читать\s+(?:далее|дальше)|devamı)\s*(?:[\])»›>→…]|\.{3})*\s*$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ReadOn();
}
