"""Django's entry for the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EscalationsConfig(AppConfig):
    name = "escalations"
    verbose_name = _("Escalations")

    def ready(self) -> None:
        """Hear of the events that are mailed; show linked tickets beside what the desk knows."""
        from escalations import (
            alert_mail,
            alerts,
            assignment,
            attachments,
            baton,
            bulk,
            customers,
            demo,
            demo_board,
            dispatching,
            evidence,
            file_texts,
            hand_over_demo,
            hand_over_mail,
            hidden,
            incident_places,
            ledger_alarm,
            mail,
            news,
            outbox,
            reapplications,
            snapshot,
        )
        from escalations.models import Alert, Attachment, Evidence, MessageDraft
        from escalations.views import linked
        from events import consumers, hiding
        from incidents import finds, sweeping, words
        from incidents.models import guard_places
        from knowledgebase import panels

        consumers.register(mail.CONSUMER, mail.KINDS, mail.handle)
        consumers.register(hand_over_mail.CONSUMER, hand_over_mail.KINDS, hand_over_mail.handle)
        consumers.register(alert_mail.CONSUMER, alert_mail.KINDS, alert_mail.handle)
        consumers.register(news.CONSUMER, news.KINDS, news.handle)
        consumers.register(outbox.CONSUMER, outbox.KINDS, outbox.handle)
        consumers.register(assignment.CONSUMER, assignment.KINDS, assignment.handle)
        consumers.register(dispatching.CONSUMER, dispatching.KINDS, dispatching.handle)
        consumers.register(reapplications.CONSUMER, [reapplications.KIND], reapplications.handle)
        consumers.register(bulk.CONSUMER, [bulk.KIND], bulk.handle)
        consumers.register(baton.CONSUMER, baton.KINDS, baton.handle)
        consumers.register(ledger_alarm.CONSUMER, [ledger_alarm.KIND], ledger_alarm.handle)
        consumers.register(ledger_alarm.ALARM, [ledger_alarm.DIFFERS], ledger_alarm.alarm)
        consumers.register(file_texts.CONSUMER, [file_texts.ATTACHED], file_texts.handle)
        demo.register("board", demo_board.lay_out)
        guard_places(snapshot.SUBJECT, incident_places.visible)
        words.name_places(snapshot.SUBJECT, incident_places.named)
        finds.name_wholes(file_texts.SUBJECT, incident_places.whole)
        sweeping.hear_of_rewritten(attachments.rewritten)
        demo.register("hand_overs", hand_over_demo.lay_out)
        panels.register("linked_tickets", linked.panel)
        hiding.register(snapshot.SUBJECT, hidden.tickets)
        hiding.register(file_texts.SUBJECT, hidden.on_tickets(Attachment))
        hiding.register(alerts.SUBJECT, hidden.on_tickets(Alert))
        hiding.register(evidence.SUBJECT, hidden.on_tickets(Evidence))
        hiding.register(outbox.SUBJECT, hidden.on_tickets(MessageDraft))
        hiding.register(customers.SUBJECT, hidden.customers)
